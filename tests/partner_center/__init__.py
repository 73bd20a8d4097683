"""A simulator of Microsoft Partner Center that keeps its documented rules, as a process of its own."""
