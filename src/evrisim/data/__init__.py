"""Data sets: by name, from a folder, checked, split, and batch by batch."""
