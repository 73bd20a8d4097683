"""Services: what can be bought, what was ordered, what runs, and all talk with the cloud computing provider."""

from .models import db as db
