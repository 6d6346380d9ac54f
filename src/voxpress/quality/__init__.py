"""Is this audio what was asked for?"""
