"""The broker as a process of its own: `python -m tests.amqp --port 5672`, with all entities of docs/service-bus.md."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from domains import NAMES
from topology import EXCHANGING

from .broker import Broker

QUEUES = [*NAMES, *(f"{domain}-exchange" for domain in EXCHANGING), "saga-replies"]
TOPICS = {"events": NAMES}


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.amqp", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Broker(parser.parse_args().port, QUEUES, TOPICS) as broker:
        sys.stdout.write(f"{broker.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
