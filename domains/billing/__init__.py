"""Billing: what customers owe, charge by charge, and what it adds up to."""

from .models import db as db
