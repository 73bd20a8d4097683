"""Notifications: telling people what has happened, and keeping a record of each attempt."""

from .models import db as db
