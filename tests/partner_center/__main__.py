"""Run the simulator: `python -m tests.partner_center --port N`."""

from __future__ import annotations

import argparse
import logging

from flask import Flask
from werkzeug.serving import make_server

from tests.faulty import faulty

from .routes import bp, control

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask("partner-center")
app.json.sort_keys = False  # type: ignore[attr-defined]
app.register_blueprint(bp)
app.register_blueprint(control)
faulty(app, api="/v1")
make_server("127.0.0.1", parser.parse_args().port, app, threaded=False).serve_forever()
