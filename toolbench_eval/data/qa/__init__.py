"""Question answering data: one file a record format, corpora of passages, and what joins the two."""
