"""What travels through the flows: what was agreed, the ids of what comes of it, and whom it reports to."""
