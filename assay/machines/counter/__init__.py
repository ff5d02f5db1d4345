"""The counter: a toy machine, so that disputes can be tested without a real one (docs/counter.md)."""
