"""Voice-over: cues spoken at their times, and what goes into a video of it."""
