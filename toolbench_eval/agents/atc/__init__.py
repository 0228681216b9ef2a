"""ATC: a chain of tools as a program; attribution of errors; black-box probing."""
