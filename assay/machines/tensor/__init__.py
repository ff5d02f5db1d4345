"""The tensor machine: models, judged down to one run of at most 64 multiply-adds (docs/operators.md)."""
