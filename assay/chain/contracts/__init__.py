"""One class a contract. A view is read at a block; an action is returned as a `Call`, for the sender to send."""
