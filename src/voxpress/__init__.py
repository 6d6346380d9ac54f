"""voxpress renders speech once and serves it forever."""
