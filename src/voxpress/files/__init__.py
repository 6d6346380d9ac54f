"""Files on disk: whole or not at all, with names that work on every system, and locks."""
