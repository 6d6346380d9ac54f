"""Rows to files: planned, scheduled, spoken by workers, put into an output folder."""
