"""End-to-end: every journey in a real browser and through the real API, on the real processes."""
