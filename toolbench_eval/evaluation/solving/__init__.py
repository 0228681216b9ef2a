"""The pipeline of agents: plan, solve through the runtime, score, write."""
