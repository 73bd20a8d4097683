"""Webhooks: thin, signed hints that something has changed; best effort, never in anybody's way."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.error
import urllib.request

from .books import Books

log = logging.getLogger(__name__)


class Hooks:
    """Posts the changes feed to the address that was set, from a thread of its own."""

    def __init__(self, books: Books, stopping: threading.Event) -> None:
        self._books, self._stopping, self._bell = books, stopping, threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def wake(self) -> None:
        """Look at once whether there is something to post."""
        self._bell.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(1.0)
            self._bell.clear()
            try:
                self._post()
            except Exception:
                log.exception("a hint could not be posted")

    def _post(self) -> None:
        with self._books.open() as pages:
            hook = pages.get("state", "webhook")
            if hook is None:
                return
            done = pages.get("state", "posted") or {"id": "posted", "cursor": 0}
            events, _ = pages.page("feed", done["cursor"], 50)
            last = pages.connection.execute("SELECT max(position) FROM document WHERE kind = 'feed'").fetchone()[0]
            pages.put("state", {"id": "posted", "cursor": last or 0})
        for event in events:
            post(hook["url"], hook["secret"], event)


def post(url: str, secret: str, event: dict[str, str]) -> None:
    """Post one hint with its signature: HMAC-SHA256 over "<timestamp>.<body>"."""
    body, stamp = json.dumps(event), str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Ccp-Signature": f"t={stamp},v1={signature}"}
    asked = urllib.request.Request(url, body.encode(), headers)  # noqa: S310 a test sets the address
    try:
        urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310  # nosec B310
    except (urllib.error.URLError, OSError) as error:
        log.info("nobody took a hint: %s", error)
