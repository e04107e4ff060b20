"""Pages of hand-offs."""
