"""Corpus, queries and qrels: reading, checking, identity."""
