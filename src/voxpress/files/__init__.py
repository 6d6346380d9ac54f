"""Files on disk: written whole or not at all, named so that every system can have them, locked in one way."""
