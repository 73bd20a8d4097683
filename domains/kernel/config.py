"""Settings: everything that differs between installations, read once from the environment.

Entry points call `Settings.from_env()` and pass the result on; nothing else reads the environment. A secret may be
given as `CLOUDSALES_X` or, from a mounted Key Vault, as a file named by `CLOUDSALES_X_FILE`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from domains import NAMES

DATABASES = (*NAMES, "saga")
SURFACES = ("portal", "api")
PREFIX = "CLOUDSALES_"


class SettingsError(SystemExit):
    """The settings cannot be used; the text says which one and how to mend it."""


def _setting(help: str, default: Any = "", *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help, "secret": secret})


def _chosen(variable: str, given: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(","))
    unknown = set(names) - set(known)
    if unknown:
        raise SettingsError(f"{PREFIX}{variable} names {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    return names


@dataclass(frozen=True)
class Settings:
    """One installation's settings. Field names in capitals behind CLOUDSALES_ are the variables' names."""

    mode: str = _setting("development, demo or production; production refuses unsafe settings", "development")
    domains: str = _setting("which domains this process holds: all, or a comma list", "all")
    surfaces: str = _setting("which surfaces this process holds: portal,api", "portal,api")
    public_url: str = _setting("address people and programs use, without a slash at the end", "http://localhost:8000")
    region: str = _setting("the stamp this installation is: eu or apac; prefix of client ids", "eu")
    var: str = _setting("folder for everything written at run time", "var")
    database_url: str = _setting("SQLAlchemy URL, may hold {domain}; empty: SQLite files under var/db", "")
    queue_url: str = _setting(
        "Redis URL of queue, epochs and limiter counters (noeviction)", "redis://127.0.0.1:8003/0"
    )
    transport: str = _setting("how commands travel: rq (or inline, in tests)", "rq")
    provider_url: str = _setting("address of the cloud computing provider", "http://127.0.0.1:8001")
    provider_client_id: str = _setting("our client id at the provider", "cloud-sales-system")
    provider_client_secret: str = _setting("our client secret at the provider", secret=True)
    provider_timeout: float = _setting("seconds until a silent provider call is given up as unknown", 10.0)
    secret_key: str = _setting("signs the portal's cookie (flash messages, form tokens)", secret=True)
    assertion_key: str = _setting("signs the internal assertion of who is calling", secret=True)
    token_key: str = _setting("private ES256 key (JWK as JSON) that signs access tokens", secret=True)
    preview_key: str = _setting("signs previews", secret=True)
    audit_key: str = _setting("keys the audit chain's digests", secret=True)
    smtp_url: str = _setting("smtp://user:password@host:port; empty: the local mailbox under var/mailbox", "")
    mail_from: str = _setting("sender of our e-mails", "Cloud Sales System <no-reply@cloudsales.example>")
    log_level: str = _setting("DEBUG, INFO, WARNING or ERROR", "INFO")
    failpoint: str = _setting("name:nth where the process kills itself (tests of crashes only)", "")
    limits: str = _setting("on, or off for load tests: limits on sign-in and token requests", "on")
    overrides: Mapping[str, str] = field(default_factory=dict, metadata={"help": "database_url_<domain>"})

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; refuses unknown CLOUDSALES_ names, malformed values and, in production, unsafe ones."""
        environ = os.environ if environ is None else environ
        given = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
        overrides = {k: given.pop(k) for k in list(given) if k.removeprefix("database_url_") in DATABASES}
        known = {f.name: f for f in fields(cls) if f.name != "overrides"}
        values: dict[str, object] = {}
        for name, raw in given.items():
            target = name.removesuffix("_file") if name.removesuffix("_file") in known else name
            if target not in known:
                raise SettingsError(f"{PREFIX}{name.upper()} is not a setting; see .env.example for the names")
            text = Path(raw).read_text().strip() if target != name else raw
            values[target] = _converted(target, text, known[target].default)
        settings = cls(**values, overrides=overrides)  # type: ignore[arg-type]
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse settings that are unsafe in production, with one line that says which."""
        if self.mode not in ("development", "demo", "production"):
            raise SettingsError(f"{PREFIX}MODE is “{self.mode}”: use development, demo or production")
        if self.mode != "production":
            return
        for f in fields(self):
            if f.metadata.get("secret") and not getattr(self, f.name):
                raise SettingsError(f"{PREFIX}{f.name.upper()} (or …_FILE) is missing in production")
        if not self.queue_url.startswith("rediss://"):
            raise SettingsError(f"{PREFIX}QUEUE_URL is not encrypted: use rediss:// in production")
        if not self.public_url.startswith("https://"):
            raise SettingsError(f"{PREFIX}PUBLIC_URL is not https://")
        for name in DATABASES:
            url = self.database_url_of(name)
            if url.startswith("sqlite") or not ("encrypt=yes" in url.lower() or "sslmode=verify-full" in url):
                raise SettingsError(f"the {name} database URL is not encrypted: Encrypt=yes or sslmode=verify-full")

    def database_url_of(self, name: str) -> str:
        """The SQLAlchemy URL of one database: its own override, else the common pattern, else a file under var/db."""
        override = self.overrides.get(f"database_url_{name}")
        if override:
            return override
        if self.database_url:
            return self.database_url.replace("{domain}", name)
        return f"sqlite:///{Path(self.var).absolute() / 'db' / name}.sqlite3"

    @property
    def domain_names(self) -> tuple[str, ...]:
        """The domains this process holds."""
        return NAMES if self.domains == "all" else _chosen("DOMAINS", self.domains, NAMES)

    @property
    def surface_names(self) -> tuple[str, ...]:
        """The surfaces this process holds."""
        return _chosen("SURFACES", self.surfaces, SURFACES)

    @property
    def is_production(self) -> bool:
        return self.mode == "production"


def _converted(name: str, text: str, default: object) -> object:
    if not isinstance(default, float):
        return text
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{PREFIX}{name.upper()} is “{text}”: use a number") from None


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make these the settings of this process; called once by an entry point, through `database.bind`."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of this process, for the few places below the entry points that need one."""
    if _current is None:
        raise RuntimeError("no settings: an entry point must call domains.kernel.database.bind(settings) first")
    return _current
