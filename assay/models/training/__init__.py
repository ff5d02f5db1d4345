"""Training: from a model and a loss to the program of some steps of an optimizer (docs/operators.md, section 10)."""
