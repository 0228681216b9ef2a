"""Parts that several agents are made of."""
