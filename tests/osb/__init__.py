"""A service broker of somebody else's framework (openbrokerapi), as a process of its own."""
