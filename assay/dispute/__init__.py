"""How a dispute is played: pure functions from its history and a trace to the next action, without the chain."""
