"""What a user runs with Brownie against a network: deploy a market, stake in it, pay for a job."""
