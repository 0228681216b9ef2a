"""Tools that an agent may call, and the sandbox for programs that models write."""
