"""What the papers train: samples of an agent's own decisions, and the weights under which a model learns from them."""
