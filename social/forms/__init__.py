"""What people may type to and about each other."""
