"""A toolset of one's own: a corpus of its tools, and queries made for it."""
