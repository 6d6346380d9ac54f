"""Batches: their intake, the background work on their lines, their files, and their webhooks."""
