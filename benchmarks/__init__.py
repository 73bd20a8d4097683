"""Measures what the real system can carry on this machine: `make bench`; docs/capacity.md says how to read it."""
