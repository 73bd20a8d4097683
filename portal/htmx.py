"""One address, two answers: the whole page for a person who navigates, the changed part for htmx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request
from flask import redirect as see_other
from markupsafe import Markup


def is_partial() -> bool:
    """Whether htmx asks for a part; boosted links and the Back button want the whole page."""
    wanted = request.headers.get("HX-Request") == "true"
    return wanted and not ("HX-Boosted" in request.headers or "HX-History-Restore-Request" in request.headers)


def page(template: str, partial: str | None = None, status: int = 200, **context: Any) -> Response:
    """Answer with `template`, or with `partial` alone when htmx asks for a part.

    Both read the same context; the template includes the partial, so the first paint and the swap are one text.
    """
    name = partial if partial and is_partial() else template
    return _varied(make_response(render_template(name, **context), status))


def redirect(url: str, *, full: bool = False) -> Response:
    """Go on to another address of the portal (303).

    htmx follows a 303 by itself and swaps what it gets into the place of the form. `full` says that the browser
    itself must go there, as after a sign-in or an order: htmx is told by 204 and HX-Redirect.
    Refuses an address outside the portal.
    """
    if not url.startswith("/") or url.startswith(("//", "/\\")):
        raise ValueError(f"{url!r} is not an address of the portal: it must start with one slash")
    if full and is_partial():
        return _varied(Response(status=204, headers={"HX-Redirect": url}))
    return _varied(make_response(see_other(url, 303)))


def failed_part(status: int, **context: Any) -> Response:
    """Answer htmx that a part cannot be shown (errors/_inline.html); app.js shows it in place, or as a toast.

    Without the HX-Failed-Part header htmx drops a 4xx or 5xx body, as it must with a gateway's own error page.
    """
    response = make_response(render_template("errors/_inline.html", status=status, **context), status)
    response.headers["HX-Failed-Part"] = "true"
    return _varied(response)


def here(at: str = "", /, **changes: Any) -> str:
    """This page's address with some of its query changed; None takes a word out: `here(sort="name", cursor=None)`.

    `at` is where the page is read, for one that also answers a form which was sent elsewhere.
    """
    query = request.args.to_dict(flat=False) | changes
    kept = {key: value for key, value in query.items() if value is not None}
    return f"{at or request.path}?{urlencode(kept, doseq=True)}" if kept else at or request.path


def attrs(given: Mapping[str, Any]) -> Markup:
    """Further attributes of a component: hx_get="/x" becomes ` hx-get="/x"`, True a bare name, None and False nothing.

    Refuses style and on… attributes, which our content security policy ignores silently, and a second class.
    """
    parts = []
    for key, value in given.items():
        name = key.rstrip("_").replace("_", "-")
        if name in ("class", "style") or name.startswith(("on", "hx-on")):
            raise ValueError(f"{name} is not allowed here: style by a class in static/app.css, listen in static/app.js")
        if value is True:
            parts.append(Markup(" {}").format(name))
        elif value is not None and value is not False:
            parts.append(Markup(' {}="{}"').format(name, value))
    return Markup("").join(parts)


def _varied(response: Response) -> Response:
    response.vary.update(("HX-Request", "Cookie"))
    return response
