"""Mutation testing of the referees: a fault put into the source has to be seen by the differential tests."""
