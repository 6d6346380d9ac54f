"""Samples and their bytes: levels, coding in all formats, and media from outside."""
