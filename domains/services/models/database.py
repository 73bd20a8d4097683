"""The database of services, made before the tables that live in it."""

from domains.kernel.database import Database

db = Database("services", stamped=True)
