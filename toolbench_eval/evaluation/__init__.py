"""The pipeline: plan, index, search, score, write."""
