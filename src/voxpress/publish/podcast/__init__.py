"""Podcasts: an episode from a script, with chapters, transcripts, notes and the feed."""
