"""DFSDT: ToolBench's depth-first search over a tree of tool calls."""
