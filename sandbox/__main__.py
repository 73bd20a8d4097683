"""Run the sandbox: `python -m sandbox --port 8001 --database var/sandbox.sqlite3 --demo`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from types import FrameType

from werkzeug.serving import ThreadedWSGIServer

from .server import create_app


class Server(ThreadedWSGIServer):
    """A thread for each request; none of them keeps the process alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container; on a machine of its own never")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--database", default=os.environ.get("SANDBOX_DATABASE", "sandbox.sqlite3"))
    parser.add_argument("--demo", action="store_true", default=os.environ.get("SANDBOX_DEMO") == "1")
    given = parser.parse_args()
    logging.basicConfig(level="WARNING")
    logging.getLogger("werkzeug").setLevel("WARNING")  # no line for each request
    client = (os.environ.get("SANDBOX_CLIENT_ID", "client"), os.environ.get("SANDBOX_CLIENT_SECRET", "secret"))
    app = create_app(given.database, client=client, demo=given.demo)
    server = Server(given.host, given.port, app)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        app.extensions["stopping"].set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
