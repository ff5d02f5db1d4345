"""What the agent does as a provider and as a verifier."""
