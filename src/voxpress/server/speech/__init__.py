"""From a request for speech to a plan, and from a plan to audio."""
