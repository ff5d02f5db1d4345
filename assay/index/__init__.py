"""A market's jobs, disputes, providers and balances in a database, rebuilt from events and checked with the chain."""
