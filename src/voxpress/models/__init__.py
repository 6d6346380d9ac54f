"""Weights: which there are, where they lie, what they need, and what hosted ones cost."""
