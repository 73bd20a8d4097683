"""Customers: the organisations that buy, directly or through a reseller, and on what terms."""

from .models import db as db
