"""The sandbox provider within this process, behind the HTTP client that our adapter has anyway."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.response import HTTPResponse
from werkzeug.test import Client

from domains.kernel import database
from domains.kernel.config import Settings
from domains.services.providers import provider
from sandbox.server import create_app
from tests.sandboxes import SECRET, Sandbox

_numbers = count(1)


class Inside(BaseAdapter):
    """Answers requests by calling an application: no sockets, no second process, the same bytes."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._client = Client(app)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        said = self._client.open(
            request.path_url, method=request.method, headers=list(request.headers.items()), data=request.body
        )
        answer = requests.Response()
        answer.status_code, answer.headers = said.status_code, CaseInsensitiveDict(said.headers)
        answer.raw = HTTPResponse(io.BytesIO(said.get_data()), said.headers, said.status_code, preload_content=False)
        answer.url, answer.request = request.url or "", request
        return answer

    def close(self) -> None:
        return


class Desk(Sandbox):
    """A sandbox of one's own, with a clock and faults of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"http://sandbox-{next(_numbers)}.test")
        self.app = create_app(str(folder / "sandbox.sqlite3"), client=("tests", SECRET), demo=True)
        self._http = requests.Session()
        self._http.mount(self.url, Inside(self.app))
        self._token = ""
        self.control("PUT", "settings", order_seconds=0, change_seconds=0)

    def serve(self, settings: Settings) -> None:
        """Stand behind the provider that the settings name."""
        database.bind(settings)
        provider()._wire._http.mount(self.url, Inside(self.app))  # type: ignore[attr-defined]

    def close(self) -> None:
        self.app.extensions["stopping"].set()

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, f"{self.url}/control/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def try_directly(self, **act: Any) -> Any:
        """What a customer does over there itself; None when the provider says no."""
        answer = self._http.post(f"{self.url}/control/direct", json=act)
        return answer.json() if answer.status_code < 300 else None

    def _api(self, method: str, path: str, **options: Any) -> Any:
        if not self._token:
            form = {"grant_type": "client_credentials"}
            said = self._http.post(f"{self.url}/oauth2/token", data=form, auth=("tests", SECRET))
            self._token = said.json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._http.request(method, f"{self.url}/v1/{path}", headers=headers, **options).json()

    def all_of(self, path: str, **params: Any) -> list[Any]:
        """All items of a list, page by page."""
        found, cursor = [], None
        while True:
            page = self.get(path, **params, limit=500, **({"cursor": cursor} if cursor else {}))
            found, cursor = found + page["items"], page["next_cursor"]
            if not cursor:
                return found
