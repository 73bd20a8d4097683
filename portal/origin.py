"""A form of ours comes from a page of ours: the browser says so itself, beside the form's token.

Browsers name where a request comes from in Sec-Fetch-Site, older ones in Origin; no page can change either. Whoever
sends neither is no browser in anybody's hands, and needs the token all the same.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from flask_wtf.csrf import CSRFError

from domains.kernel.config import Settings

SAFE = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")  # none: typed, or from a bookmark


def register(app: Flask, settings: Settings) -> None:
    """Refuse what would change something and comes from another site, as a form without its token is refused."""
    own = {_origin(settings.public_url)}

    @app.before_request
    def look() -> None:
        if request.method in SAFE:
            return
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is not None:
            fits = site in OURS
        else:  # on one machine the portal has several names: localhost, 127.0.0.1
            known = own if settings.is_production else own | {_origin(request.host_url)}
            fits = origin is None or origin in known
        if not fits:
            raise CSRFError(f"the form comes from elsewhere: site {site}, origin {origin}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
