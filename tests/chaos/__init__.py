"""Real processes killed at every place that matters, while an independent script counts what is lost or doubled.

`python -m tests.chaos --minutes 10` is `make chaos MINUTES=10`; docs/chaos.md says what it shows.
"""
