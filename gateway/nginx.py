"""Writes the configuration of the nginx in front, from the table of addresses and from where the processes are."""

from __future__ import annotations

import html
import os
import pwd
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from pathlib import Path
from urllib.parse import urlsplit

from babel.support import Translations

from domains import NAMES
from domains.kernel.config import Settings

from . import hardening
from .introduction import login_cookie
from .routes import ANYWHERE, PREFIXES

HERE = Path(__file__).parent
LANGUAGES = ("en", "de", "ja")
STATUSES = (400, 404, 405, 413, 414, 429, 502, 503, 504)


@dataclass(frozen=True)
class Limits:
    """How much a client, and one place with all its clients, may ask: a lasting rate, and a burst on top of it."""

    client_rate: str = "50r/s"
    client_burst: int = 200
    place_rate: str = "300r/s"
    place_burst: int = 1000

    def directive(self) -> str:
        return (
            f"limit_req zone=client burst={self.client_burst} nodelay;"
            f" limit_req zone=place burst={self.place_burst} nodelay;"
        )


def installed() -> str | None:
    """Where nginx is on this machine; Debian keeps it where only root looks."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def write(folder: Path, settings: Settings, listen: str, processes: Mapping[str, str], **chosen: object) -> Path:
    """Write the configuration into `folder`, where nginx will keep all its files; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(render(folder.absolute(), settings, listen, processes, **chosen), encoding="utf-8")  # type: ignore[arg-type]
    return path


def render(
    folder: Path,
    settings: Settings,
    listen: str,
    processes: Mapping[str, str],
    *,
    limits: Limits | None = None,
    patience: str = "30s",
    access_log: str = "/dev/stdout",
    trusted: Sequence[str] = (),
) -> str:
    """The configuration. `processes` says at which address (host:port) each domain is.

    `trusted` are the networks of who stands before us (an ingress that ends TLS): it alone knows where a client is.
    """
    limits = limits or Limits()
    filled = {
        "folder": str(folder), "listen": listen, "patience": patience, "access_log": access_log,
        "static": str(HERE.parent / "static"), "cookie": re.escape(login_cookie(settings)).replace("\\-", "-"),
        "trusted": " ".join(trusting(trusted)),
        "upstreams": "\n".join(upstreams(processes)), "routes": "\n".join(routes()), "pages": "\n".join(pages()),
        "client_rate": limits.client_rate, "place_rate": limits.place_rate,
        "limit": limits.directive() if settings.limits == "on" else "",
        # started by root (a container on a build machine), nginx would drop to a user who cannot read our folders
        "user": f"user {pwd.getpwuid(0).pw_name} root;\n" if os.geteuid() == 0 else "",
        "hardening_maps": "\n".join(hardening.maps(settings)), "hardened": hardening.additions(settings),
        "schemes": "\n".join(schemes(trusted)), "encrypted": encrypted(settings),
    }  # fmt: skip
    template = (HERE / "nginx.conf.template").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], template)


def upstreams(processes: Mapping[str, str]) -> Iterator[str]:
    """A group of processes for each domain, and one of all."""
    groups = {domain: [processes[domain]] for domain in NAMES}
    groups["anywhere"] = list(dict.fromkeys(processes.values()))
    for name, addresses in groups.items():
        servers = " ".join(f"server {address} max_fails=1 fail_timeout=2s;" for address in addresses)
        yield f"    upstream {name} {{ zone {name} 64k; {servers} keepalive 8; keepalive_timeout 10s; }}"


def trusting(networks: Sequence[str]) -> Iterator[str]:
    """Directives by which the networks of those who stand before us say where a client is, and nobody else."""
    yield from (f"set_real_ip_from {network};" for network in networks)
    yield from ("real_ip_header X-Forwarded-For;", "real_ip_recursive on;") if networks else ()


def schemes(networks: Sequence[str]) -> Iterator[str]:
    """Whether a request came without TLS, as those tell who end it before us; nobody else is asked."""
    yield "    geo $realip_remote_addr $is_told {"
    yield from ("        default 0;", *(f"        {network} 1;" for network in networks), "    }")


def encrypted(settings: Settings) -> str:
    """In production a person is led to https, and a program is not: it would go on sending its token in the clear.

    They are led to our own address: the Host that a request names is whatever its sender likes.
    """
    if not settings.is_production:
        return ""
    there = f"https://{urlsplit(settings.public_url).netloc}"
    return f"if ($in_clear = portal) {{ return 308 {there}$request_uri; }} if ($in_clear = api) {{ return 426; }}"


def routes() -> Iterator[str]:
    """A pattern for each row of the table of addresses."""
    behind = r"^(?:/api/v1|/api)?/"
    yield f'        "~{behind}?$" anywhere;'
    for domain, prefixes in [*PREFIXES.items(), ("anywhere", tuple(filter(None, ANYWHERE)))]:
        yield f'        "~{behind}(?:{"|".join(map(re.escape, prefixes))})(?:/|$)" {domain};'.replace("\\-", "-")


def pages() -> Iterator[str]:
    """The page of each error in each language, as a value of nginx's map; `default` is the English 503."""
    texts = {(language, status): page(language, status) for language in LANGUAGES for status in STATUSES}
    yield f"        default {_quoted(texts['en', 503])};"
    for (language, status), text in texts.items():
        yield f'        "{language} {status}" {_quoted(text)};'


def page(language: str, status: int) -> str:
    """A plain page for people: what happened, and what to do. It leans on nothing that might be away as well."""
    known = Translations.load(str(HERE.parent / "translations"), [language]) if language != "en" else NullTranslations()
    said = {name: html.escape(text) for name, text in words(known, status).items()}
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{said["title"]}</title></head><body><main><h1>{said["title"]}</h1>'
        f'<p>{said["text"]}</p><p>{said["name"]} $rid</p><p><a href="/">{said["home"]}</a></p></main></body></html>'
    )


def words(known: NullTranslations, status: int) -> dict[str, str]:
    """What a page says, in one language."""
    _ = known.gettext
    title, text = {
        400: (_("The request cannot be read"), _("Go back and try again.")),
        404: (_("We have nothing at this address for you"), _("The link may be old.")),
        405: (_("The request cannot be read"), _("Go back and try again.")),
        413: (_("What you sent is too large"), _("Send at most 2 MB.")),
        414: (_("The request cannot be read"), _("Go back and try again.")),
        429: (_("That was more than we take at once"), _("Wait a minute, then try again.")),
    }.get(
        status,
        (
            _("This part is away for a moment"),
            _("Wait a minute. If you sent something, first look whether it is there."),
        ),
    )
    return {"title": title, "text": text, "name": _("If you ask us, name this:"), "home": _("Home")}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
