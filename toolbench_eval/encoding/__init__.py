"""Texts to vectors: each distinct text once, in batches that are fixed beforehand, kept on the disk."""
