"""Measures our sagas beside DBOS on this machine: `make bench-saga`; docs/sagas-benchmark.md says how to read it."""
