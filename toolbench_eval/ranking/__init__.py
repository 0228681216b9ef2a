"""Runs: exact top-k, TREC files, fusion."""
