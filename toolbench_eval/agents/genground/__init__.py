"""GenGround: generate a sub-question with its answer, then ground the answer."""
