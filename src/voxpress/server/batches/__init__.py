"""Batches: run in the background, kept, zipped, and told to webhooks."""
