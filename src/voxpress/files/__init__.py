"""Files on disk: their formats, names that work on every system, whole or not at all, and locks."""
