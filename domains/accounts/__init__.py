"""Accounts: the places software is bought for and paid from, what each may spend, and who it is at the provider."""

from .models import db as db
