"""Reading: what the scripted model understands of passages, questions and puzzles."""
