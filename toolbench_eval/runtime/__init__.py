"""The runtime of agents: many samples at a time, and a log of every call that `inspect view` opens."""
