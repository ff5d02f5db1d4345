"""Assay: a compute market that pays only for right results."""
