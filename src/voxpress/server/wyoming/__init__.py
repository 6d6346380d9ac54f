"""The Wyoming protocol, in which Home Assistant and its satellites ask for speech."""
