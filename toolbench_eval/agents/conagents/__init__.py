"""ConAgents: grounding, execution and observation agents that calibrate themselves."""
