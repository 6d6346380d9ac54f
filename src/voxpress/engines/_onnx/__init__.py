"""Models in the ONNX format: rewritten, and loaded."""
