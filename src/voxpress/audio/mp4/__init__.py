"""AAC in MP4: packets are read from files and written into others."""
