"""The ways to reach somebody."""
