"""Public models, as they come in packages of PyPI: imported, run and compared with onnxruntime. See `__main__`."""
