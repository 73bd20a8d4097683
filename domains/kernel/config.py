"""Settings: everything that differs between installations, read once from the environment.

Entry points call `Settings.from_env()` and pass the result on; nothing else reads the environment. A secret may be
given as `CLOUDSALES_X` or, from a mounted Key Vault, as a file named by `CLOUDSALES_X_FILE`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from domains import NAMES

from .crypto import sealing_keys
from .endpoints import endpoints

DATABASES = (*NAMES, "saga")
SURFACES = ("portal", "api")
CHOICES = {
    "mode": ("development", "demo", "production"),
    "transport": ("rq", "servicebus", "inline"),
    "gateway": ("auto", "nginx", "none"),
    "telemetry": ("off", "console", "otlp", "azure"),
    "second_factor": ("auto", "required", "optional"),
}
NEEDED = (("transport", "servicebus", "servicebus_url"), ("telemetry", "azure", "telemetry_connection"))
PREFIX = "CLOUDSALES_"
FOR_EVER = 36_500  # days


class SettingsError(SystemExit):
    """The settings cannot be used; the text says which one and how to mend it."""


def _setting(help: str, default: Any = "", *, secret: bool = False, hide: bool = False) -> Any:
    return field(default=default, repr=not (secret or hide), metadata={"help": help, "secret": secret})


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
    gateway: str = _setting("nginx where one introduces callers to this process; none; auto: `up` looks for it", "auto")
    public_url: str = _setting("address people and programs use, without a slash at the end", "http://localhost:8000")
    region: str = _setting("the stamp this installation is: eu or apac; prefix of client ids", "eu")
    var: str = _setting("folder for everything written at run time", "var")
    database_url: str = _setting("SQLAlchemy URL, may hold {domain}; empty: SQLite files under var/db", "")
    database_owner_url: str = _setting(
        "by which `migrate` makes tables and policies, may hold {domain}; empty: DATABASE_URL does all", hide=True
    )
    database_role: str = _setting("whom `migrate` gives rights to: the role in DATABASE_URL; empty: its name there", "")
    queue_url: str = _setting(
        "Redis URL of queue, epochs and limiter counters (noeviction)", "redis://127.0.0.1:8003/0"
    )
    transport: str = _setting("how commands travel: rq, or servicebus (or inline, in tests)", "rq")
    servicebus_url: str = _setting(
        "with TRANSPORT=servicebus: its connection string, or NAME.servicebus.windows.net to use an identity", hide=True
    )
    cache_url: str = _setting(
        "Redis URL of the cache (allkeys-lru, may vanish); empty: the queue's server, and in production none", ""
    )
    provider_url: str = _setting("address of the cloud computing provider", "http://127.0.0.1:8001")
    provider_client_id: str = _setting("our client id at the provider", "cloud-sales-system")
    provider_client_secret: str = _setting("our client secret at the provider", secret=True)
    provider_timeout: float = _setting("seconds until a silent provider call is given up as unknown", 10.0)
    provider_webhook_secret: str = _setting("signs the provider's webhooks to us; empty: none is taken", hide=True)
    providers: str = _setting("further providers, a JSON list: see docs/providers.md; it holds secrets", hide=True)
    resolver: str = _setting("host:port of the name server that proves e-mail domains; empty: the machine's own", "")
    outbound_allow: str = _setting(
        "host:port, by commas, that may be called though not public (sign-on, webhooks); for tests and demos", ""
    )
    secret_key: str = _setting("signs the portal's cookie (flash messages, form tokens)", secret=True)
    assertion_key: str = _setting("signs the internal assertion of who is calling", secret=True)
    token_key: str = _setting("private ES256 key (JWK as JSON) that signs access tokens", secret=True)
    preview_key: str = _setting("signs previews", secret=True)
    audit_key: str = _setting("keys the audit chain's digests", secret=True)
    sealing_keys: str = _setting(
        "id:base64 of 32 bytes, by commas: the first seals the secrets that we keep, all open them", secret=True
    )
    audit_anchors: str = _setting("folder that keeps the heads of the audit chains; empty: anchors under var", "")
    smtp_url: str = _setting("smtp://user:password@host:port; empty: the local mailbox under var/mailbox", "")
    mail_from: str = _setting("sender of our e-mails", "Cloud Sales System <no-reply@cloudsales.example>")
    clamd: str = _setting(
        "ClamAV's daemon, host:port or a socket's path; empty: only the test file is known, and production takes none",
        "",
    )
    log_level: str = _setting("DEBUG, INFO, WARNING or ERROR", "INFO")
    telemetry: str = _setting(
        "where traces and metrics go: off, console, otlp or azure (with the extra azure-monitor)", "off"
    )
    telemetry_endpoint: str = _setting("the OpenTelemetry collector, over HTTP", "http://127.0.0.1:4318")
    telemetry_connection: str = _setting("Azure Monitor's connection string", hide=True)
    telemetry_ratio: float = _setting("part of the reads that is traced, 0 to 1; writes, runs, failures always", 0.1)
    failpoint: str = _setting("name:nth where the process kills itself (tests of crashes only)", "")
    limits: str = _setting("on, or off for load tests: limits on sign-in and token requests", "on")
    second_factor: str = _setting("asked of all people: required, or optional; auto: required in production", "auto")
    breached_passwords: str = _setting("file of SHA-1 digests of stolen passwords, in order; empty: none is known", "")
    keep_messages: float = _setting("days that answered commands and published events are kept, at least 30", 30.0)
    keep_logins: float = _setting("days that logins are kept after they have ended", 30.0)
    overrides: Mapping[str, str] = field(default_factory=dict, metadata={"help": "database_url_<domain>"})

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; refuses unknown CLOUDSALES_ names, malformed values and, in production, unsafe ones."""
        environ = os.environ if environ is None else environ
        given = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
        own_urls = {f"database_url_{name}" for name in DATABASES}
        known = {f.name: f.default for f in fields(cls) if f.name != "overrides"}
        values: dict[str, Any] = {}
        for name, raw in given.items():
            target = name if name in known or name in own_urls else name.removesuffix("_file")
            if target not in known and target not in own_urls:
                raise SettingsError(f"{PREFIX}{name.upper()} is not a setting; see .env.example for the names")
            if target != name and target in given:
                raise SettingsError(f"{PREFIX}{target.upper()} is given twice, as a value and as a file: drop one")
            text = raw if target == name else _read(name, raw)
            values[target] = _converted(target, text, known.get(target))
        overrides = {name: values.pop(name) for name in own_urls & set(values)}
        settings = cls(**values, overrides=overrides)
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse settings that do not fit together or are unsafe in production, with one line that says which."""
        for wrong, why in self._unfit():
            if wrong:
                raise SettingsError(f"{PREFIX}{why}")
        if self.mode != "production":
            return
        for f in fields(self):
            if f.metadata.get("secret") and not getattr(self, f.name):
                raise SettingsError(f"{PREFIX}{f.name.upper()} (or …_FILE) is missing in production")
        for unsafe, why in (*self._weak(), *self._unsafe()):
            if unsafe:
                raise SettingsError(f"{PREFIX}{why}")

    def _unfit(self) -> Iterator[tuple[bool, str]]:
        """What no mode can use: whether it is so, and the line that says what to mend."""
        for name, known in CHOICES.items():
            use = f"{', '.join(known[:-1])} or {known[-1]}"
            yield getattr(self, name) not in known, f"{name.upper()} is “{getattr(self, name)}”: use {use}"
        for chosen, value, name in NEEDED:
            missing = getattr(self, chosen) == value and not getattr(self, name)
            yield missing, f"{name.upper()} (or …_FILE) is missing: {PREFIX}{chosen.upper()} is {value}"
        told = f"PROVIDER_TIMEOUT is “{self.provider_timeout:g}”: use up to 25 seconds, so that two calls fit in a step"
        yield not 0 < self.provider_timeout <= 25, told
        ratio = self.telemetry_ratio
        yield not 0 <= ratio <= 1, f"TELEMETRY_RATIO is {ratio}: use a number from 0 to 1"
        for name, reads in (("sealing_keys", sealing_keys), ("providers", endpoints)):
            yield (wrong := _malformed(reads, getattr(self, name))) != "", f"{name.upper()} cannot be used: {wrong}"
        for name, least in (("keep_messages", 30), ("keep_logins", 0)):
            days = getattr(self, name)
            yield not least <= days <= FOR_EVER, f"{name.upper()} is “{days:g}”: use {least} to {FOR_EVER} days"

    def _weak(self) -> Iterator[tuple[bool, str]]:
        """Secrets that production must not have: short ones, and one that stands for two things."""
        ours = {f.name: getattr(self, f.name) for f in fields(self) if f.metadata.get("secret")}
        for name, value in ours.items():
            least = 16 if name == "provider_client_secret" else 32  # that one is made by somebody else
            short = len(value) < least or len(set(value)) < 8
            yield short, f"{name.upper()} is too weak: use {least} or more random characters"
            same = [other for other, given in ours.items() if given == value and other != name]
            yield bool(same), f"{name.upper()} is the same as {', '.join(same).upper()}: make one for each"

    def _unsafe(self) -> Iterator[tuple[bool, str]]:
        """What production must not have: whether it is so, and the line that says what to mend."""
        for name, url in (("QUEUE_URL", self.queue_url), ("CACHE_URL", self.cache_url or "rediss://")):
            yield not _verified(url), f"{name} is not encrypted and verified: use rediss:// in production"
        shared = _server(self.cache_url) == _server(self.queue_url)
        yield shared, "CACHE_URL is the queue's server: a cache that fills up would stop it"
        yield not self.public_url.startswith("https://"), "PUBLIC_URL is not https://"
        yield not self.provider_url.startswith("https://"), "PROVIDER_URL is not https://"
        for one in endpoints(self.providers):
            yield not one.url.startswith("https://"), f"PROVIDERS: {one.key}'s url is not https://"
        yield self.transport == "inline", "TRANSPORT is inline, which is for tests: use rq or servicebus"
        emulated = "usedevelopmentemulator=true" in self.servicebus_url.lower()
        yield emulated, "SERVICEBUS_URL says UseDevelopmentEmulator, which is not encrypted"
        yield self.limits != "on", "LIMITS is not on: limits may be off in load tests only"
        yield self.second_factor == "optional", "SECOND_FACTOR is optional: a password alone is too little"
        yield bool(self.outbound_allow), "OUTBOUND_ALLOW is set: it lets customers' addresses reach our own network"
        yield not self.smtp_url, "SMTP_URL is missing: e-mails would lie in the local mailbox, open to whoever comes"
        yield self.log_level == "DEBUG", "LOG_LEVEL is DEBUG, which says more than should be kept: use INFO"
        yield bool(self.failpoint), "FAILPOINT is set: it kills processes, in tests of crashes only"
        for name in DATABASES:
            why = f"DATABASE_URL is not encrypted and verified for {name}: Encrypt=yes or sslmode=verify-full"
            yield not _encrypted(self.database_url_of(name)), why
        open_ = self.database_owner_url != "" and not _encrypted(self.database_owner_url)
        yield open_, "DATABASE_OWNER_URL is not encrypted and verified: Encrypt=yes or sslmode=verify-full"

    def database_url_of(self, name: str) -> str:
        """The SQLAlchemy URL of one database: its own override, else the common pattern, else a file under var/db."""
        override = self.overrides.get(f"database_url_{name}")
        if override:
            return override
        if self.database_url:
            return self.database_url.replace("{domain}", name)
        return f"sqlite:///{Path(self.var).absolute() / 'db' / name}.sqlite3"

    def as_owner(self) -> Settings:
        """The same settings for whoever makes the tables and owns them."""
        return replace(self, database_url=self.database_owner_url, overrides={}) if self.database_owner_url else self

    @property
    def cache_address(self) -> str:
        """Where the cache is; empty when there is none."""
        return self.cache_url or ("" if self.is_production else self.queue_url)

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

    @property
    def second_factor_required(self) -> bool:
        """Whether nobody comes in by a password alone; the operator's people never do."""
        return self.second_factor == "required" or (self.second_factor == "auto" and self.is_production)


def _malformed(reads: Callable[[str], object], text: str) -> str:
    try:
        reads(text)
    except ValueError as why:
        return str(why)
    return ""


def _server(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _verified(url: str) -> bool:
    unverified = re.search(r"ssl_cert_reqs=(none|optional)|ssl_check_hostname=(false|no|0)", url.lower())
    return url.lower().startswith("rediss://") and not unverified


def _encrypted(url: str) -> bool:
    told = unquote_plus(url).lower()  # an ODBC connection string is quoted within the URL
    if told.startswith("sqlite") or re.search(r"trustservercertificate=(yes|true|1)", told):
        return False
    return bool(re.search(r"\bencrypt=(yes|true|strict|mandatory)\b|\bsslmode=verify-full\b", told))


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, ValueError) as why:
        raise SettingsError(f"{PREFIX}{name.upper()} names {path}, which cannot be read: {why}") from None


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
