"""Users: who may sign in, for which customers and with which rights; and programs that may call the API."""

from .models import db as db
