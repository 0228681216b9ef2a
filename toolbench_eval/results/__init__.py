"""Results: the schema, the files beside it, the store, re-scoring."""
