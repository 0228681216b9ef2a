"""Agents: plain algorithms over language models, search and tools, one file each."""
