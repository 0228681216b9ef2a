"""Voices: one file for each agent, or family of agents, whose prompts the scripted model answers."""
