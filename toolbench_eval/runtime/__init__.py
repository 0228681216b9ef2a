"""Agents over many samples: their threads are here, their log is kept by inspect_ai in a process beside this one."""
