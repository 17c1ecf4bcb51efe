"""Pages about other people."""
