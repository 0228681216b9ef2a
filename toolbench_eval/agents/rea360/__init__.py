"""360°REA: leader and crew, assessment from all sides, reusable experience."""
