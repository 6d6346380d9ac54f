"""Rows to files: planned, scheduled, spoken by workers, put into an output folder."""

ATTEMPTS = 3
"""How often a segment is spoken before it counts as failed."""
