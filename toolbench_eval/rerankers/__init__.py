"""Rerankers: one file a family, one small protocol."""
