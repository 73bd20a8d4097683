"""Support: cases that customers open, with the order or subscription they are about, and what is said in them."""

from .models import db as db
