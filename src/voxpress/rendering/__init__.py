"""Rows to files: planned, scheduled, spoken by workers, put into an output folder."""

ATTEMPTS = 3
"""How often a segment is spoken before it counts as failed."""
TIMEOUT = 600.0
"""Seconds without an answer after which a worker is ended."""
DEFAULT_ENGINE = "piper"
"""Who speaks where nobody is named. A model or voice that comes without an engine is its own."""
