"""Models in the ONNX format: graphs rewritten for speed and repeatability, and sessions over them."""
