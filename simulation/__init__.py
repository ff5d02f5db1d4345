"""The economics of a market: when lying loses money, and when verifying pays. docs/economics.md explains the model.

`closed_forms` and `griefing` have the formulas; `market` plays jobs one by one and shares no formula with them;
`adaptive` lets parties learn from what they see. `python -m simulation` compares them, and
draws docs/economics.svg.
"""
