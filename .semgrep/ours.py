# Each mistake planted; `semgrep scan --test` fails when a rule does not find its own (this is not run).
# ruff: noqa
import pickle
import pathlib

import flask
import jinja2
import requests
import sqlalchemy
import yaml
from joserfc import jwt
from markupsafe import Markup, escape


def sql(session, name):
    # ruleid: sql-of-parts
    session.execute(sqlalchemy.text(f"SELECT {name}"))
    # ruleid: sql-of-parts
    query = f"SELECT * FROM t ORDER BY {name}"
    session.execute(sqlalchemy.text(query))
    # ok: sql-of-parts
    session.execute(sqlalchemy.text("SELECT :name"), {"name": name})


def pages(text):
    # ruleid: template-of-text
    flask.render_template_string(text)
    # ruleid: user-text-as-markup
    Markup(flask.request.args["q"])
    # ok: user-text-as-markup
    Markup(escape(flask.request.args["q"]))
    # ruleid: redirect-elsewhere
    flask.redirect(flask.request.args["next"])
    # ok: redirect-elsewhere
    flask.redirect(safe_next(flask.request.args["next"]))
    # ruleid: file-named-by-a-request
    open(flask.request.files["f"].filename)


def outside(url, token, key, signature, expected):
    # ruleid: call-without-outbound
    requests.get(url)
    # ruleid: call-without-outbound, certificate-not-checked
    requests.get(url, verify=False)
    # ruleid: algorithm-from-the-token
    jwt.decode(token, key)
    # ok: algorithm-from-the-token
    jwt.decode(token, key, algorithms=["ES256"])
    # ruleid: compared-in-time
    if signature == expected:
        # ruleid: thawed-objects
        pickle.loads(token)
    # ruleid: thawed-objects
    yaml.load(token)
    # ruleid: everything-seen-in-a-surface
    Scope.system("because")
