"""What every domain stands on: settings, databases, money, time, messages, audit. No business nouns live here."""
