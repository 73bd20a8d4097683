"""A cloud computing provider of our own: a separate system over HTTP to sell from, with a movable clock and faults.

It imports nothing of the product, as a real provider would not.
"""
