"""Samples and their bytes: levels, formats, coding, media from outside, and how files come to stand whole."""
