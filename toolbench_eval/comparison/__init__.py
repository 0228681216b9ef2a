"""Results beside results: what may be compared, whether a difference is more than noise, and the gate built on that."""
