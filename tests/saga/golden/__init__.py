"""Golden timelines: what the coordinator decided about runs of each flow, kept as files and decided again by the tests.

`python -m tests.saga.golden` records them anew. A file holds a run as it was started and its turns: when, what
happened, and what was written and sent then.
"""
