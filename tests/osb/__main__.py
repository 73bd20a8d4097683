"""Run the broker: `python -m tests.osb --port N`."""

from __future__ import annotations

import argparse
import logging

from flask import Flask
from openbrokerapi import api
from werkzeug.serving import make_server

from tests.brokered import SECRET
from tests.faulty import faulty

from .broker import Broker, controls

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
broker, app = Broker(), Flask("broker")
logging.getLogger("werkzeug").setLevel(logging.ERROR)
quiet = logging.getLogger("broker")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False
app.register_blueprint(api.get_blueprint(broker, api.BrokerCredentials("tests", SECRET), quiet))
app.register_blueprint(controls(broker))
faulty(app, api="/v2")
make_server("127.0.0.1", parser.parse_args().port, app, threaded=True).serve_forever()
