"""The business: seven domains that know nothing of the web and nothing of one another."""

NAMES = ("customers", "users", "accounts", "services", "support", "billing", "notifications")
