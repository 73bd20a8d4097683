"""The demo: a house full of customers, made by the real commands and flows against the sandbox with a moved clock."""
