"""Cloned voices: recordings that somebody owns, their words, and who agreed to what."""
