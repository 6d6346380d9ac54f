"""Weights: a catalogue, downloads, the environments that engines need, and the prices of hosted models."""
