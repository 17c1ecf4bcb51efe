"""Pages about one's own listening and where it comes from."""
