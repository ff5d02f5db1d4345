"""Importing models: from graphs of operators to programs of the tensor machine (docs/operators.md, section 8)."""
