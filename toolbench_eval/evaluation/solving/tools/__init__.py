"""Tool use: what is offered, executed, retrieved, simulated, judged and scored."""
