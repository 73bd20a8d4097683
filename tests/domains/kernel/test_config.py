"""Settings are read once, a wrong one is named in one line, and production refuses what is not safe."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from domains.kernel import config
from domains.kernel.config import DATABASES, Settings, SettingsError
from installation import new_secret

SECRETS = [f.name for f in fields(Settings) if f.metadata.get("secret")]
SAFE = {
    "MODE": "production", "QUEUE_URL": "rediss://:x@queue.example:10000/0", "PUBLIC_URL": "https://sales.example",
    "PROVIDER_URL": "https://provider.example", "SMTP_URL": "smtp://mail.example:587",
    "DATABASE_URL": "mssql+pyodbc://app@sql.example/{domain}?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes",
    **{name.upper(): new_secret(name) for name in SECRETS},
}  # fmt: skip
ODBC = "mssql+pyodbc:///?odbc_connect=Driver%3DX%3BServer%3Dsql.example%3BEncrypt%3D"


def read(**environ: str) -> Settings:
    return Settings.from_env({f"CLOUDSALES_{name}": value for name, value in environ.items()} | {"PATH": "/bin"})


def refused(**environ: str) -> str:
    """The line that a start with these settings ends with."""
    with pytest.raises(SettingsError) as told:
        read(**environ)
    line = str(told.value)
    assert "\n" not in line
    return line


def test_without_any_setting_everything_is_local() -> None:
    settings = read()

    assert (settings.mode, settings.is_production, settings.domain_names) == ("development", False, config.NAMES)
    assert settings.database_url_of("billing") == f"sqlite:///{Path('var').absolute()}/db/billing.sqlite3"


def test_values_are_taken_from_the_environment_and_become_what_they_are() -> None:
    settings = read(REGION="apac", PROVIDER_TIMEOUT="2.5", DOMAINS="billing, support")

    assert (settings.region, settings.provider_timeout) == ("apac", 2.5)
    assert settings.domain_names == ("billing", "support")


@pytest.mark.parametrize("name", ["QUEUE_ULR", "DATABASE_URL_BILING", "ACCOUNTS", "SAGA", "SECRET_KEY_FILE_FILE",
                                  "DATABASE_URL_", "OVERRIDES"])  # fmt: skip
def test_a_name_that_is_no_setting_is_refused(name: str) -> None:
    assert refused(**{name: "x"}) == f"CLOUDSALES_{name} is not a setting; see .env.example for the names"


@pytest.mark.parametrize(("name", "value", "told"), [("PROVIDER_TIMEOUT", "soon", "use a number"),
                                                     ("PROVIDER_TIMEOUT", "0", "use up to 25 seconds"),
                                                     ("PROVIDER_TIMEOUT", "26", "use up to 25 seconds"),
                                                     ("MODE", "Production", "use development, demo or production"),
                                                     ("KEEP_MESSAGES", "29", "use 30 to 36500 days"),
                                                     ("KEEP_LOGINS", "nan", "use 0 to 36500 days"),
                                                     ("PROVIDER_TIMEOUT", "", "use a number")])  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_name(name: str, value: str, told: str) -> None:
    line = refused(**{name: value})

    assert line.startswith(f"CLOUDSALES_{name} is “{value}”") and told in line


def test_a_domain_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="CLOUDSALES_DOMAINS names biling: choose from customers"):
        _ = read(DOMAINS="billing,biling").domain_names


def test_a_secret_can_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-the-vault\n")
    (tmp_path / "url").write_text("postgresql+psycopg://u:p@h/d\n")

    settings = read(SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_URL_BILLING_FILE=str(tmp_path / "url"))

    assert settings.secret_key == "from-the-vault"
    assert settings.database_url_of("billing") == "postgresql+psycopg://u:p@h/d"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    line = refused(AUDIT_KEY_FILE=str(tmp_path / "none"))

    assert line.startswith(f"CLOUDSALES_AUDIT_KEY_FILE names {tmp_path}/none, which cannot be read")


def test_a_setting_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")

    assert "given twice" in refused(SECRET_KEY_FILE=str(tmp_path / "key"), SECRET_KEY="y")


def test_each_database_has_its_own_url_the_common_one_or_a_file() -> None:
    settings = read(
        DATABASE_URL="postgresql+psycopg://h/sales_{domain}", DATABASE_URL_SAGA="postgresql+psycopg://other/s"
    )

    assert settings.database_url_of("users") == "postgresql+psycopg://h/sales_users"
    assert settings.database_url_of("saga") == "postgresql+psycopg://other/s"


def test_safe_settings_are_taken_in_production() -> None:
    assert read(**SAFE).is_production
    for url in (f"{ODBC}yes", f"{ODBC}Strict%3BTrustServerCertificate%3Dno",
                "postgresql+psycopg://h/{domain}?sslmode=verify-full"):  # fmt: skip
        assert read(**SAFE | {"DATABASE_URL": url}).is_production


def test_the_cache_shares_the_queues_server_but_never_in_production() -> None:
    assert read().cache_address == read().queue_url
    assert read(**SAFE).cache_address == ""
    assert read(**SAFE, CACHE_URL="rediss://cache.example:10000/0").cache_address.startswith("rediss://cache")


@pytest.mark.asvs("13.3.1")
@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_to_start_without_a_secret(name: str) -> None:
    assert refused(**SAFE | {name.upper(): ""}) == f"CLOUDSALES_{name.upper()} (or …_FILE) is missing in production"


UNSAFE = [
    ("QUEUE_URL", "redis://queue/0"), ("QUEUE_URL", "rediss://queue/0?ssl_cert_reqs=none"),
    ("CACHE_URL", "redis://cache/0"), ("CACHE_URL", "rediss://:y@Queue.example:10000/1"),
    ("PUBLIC_URL", "http://sales.example"), ("PROVIDER_URL", "http://provider.example"), ("TRANSPORT", "inline"),
    ("SERVICEBUS_URL", "Endpoint=sb://h;UseDevelopmentEmulator=true;"),
    ("LIMITS", "off"), ("OUTBOUND_ALLOW", "localhost:9"), ("SMTP_URL", ""),
    ("LOG_LEVEL", "DEBUG"), ("FAILPOINT", "x:1"), ("DATABASE_URL", ""), ("DATABASE_URL", "sqlite:///x"),
    ("DATABASE_URL", "postgresql+psycopg://h/d"), ("DATABASE_URL", "postgresql+psycopg://h/d?sslmode=require"),
    ("DATABASE_URL", "mssql+pyodbc://h/d?driver=x"), ("DATABASE_URL", "mssql+pyodbc://h/d?Encrypt=no"),
    ("DATABASE_URL", "mssql+pyodbc://h/d?Encrypt=yes&TrustServerCertificate=yes"), ("DATABASE_URL", f"{ODBC}optional"),
    ("DATABASE_URL", f"{ODBC}yes%3BTrustServerCertificate%3DYes"),
]  # fmt: skip


@pytest.mark.asvs("12.3.1", "12.3.2")
@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_production_refuses_what_is_not_safe_by_name(name: str, value: str) -> None:
    assert refused(**SAFE | {name: value}).startswith(f"CLOUDSALES_{name} ")
    assert read(**{name: value}).mode == "development"


@pytest.mark.asvs("13.3.1")
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["changeme", "a" * 64, "x" * 31])
def test_production_refuses_a_secret_that_can_be_guessed(name: str, value: str) -> None:
    line = refused(**SAFE | {name.upper(): value})

    assert line.startswith(f"CLOUDSALES_{name.upper()} ") and value not in line


def test_production_refuses_one_secret_for_two_things() -> None:
    line = refused(**SAFE | {"AUDIT_KEY": SAFE["PREVIEW_KEY"]})

    assert "is the same as" in line and SAFE["PREVIEW_KEY"] not in line


@pytest.mark.asvs("12.3.1", "12.3.2")
@pytest.mark.parametrize("name", DATABASES)
def test_production_refuses_one_plain_database_among_many(name: str) -> None:
    line = refused(**SAFE | {f"DATABASE_URL_{name.upper()}": "postgresql+psycopg://h/d"})

    assert f"not encrypted and verified for {name}:" in line


def test_service_bus_needs_an_address_which_is_not_told() -> None:
    assert refused(TRANSPORT="servicebus").startswith("CLOUDSALES_SERVICEBUS_URL (or …_FILE) is missing")
    assert "a-key" not in repr(read(TRANSPORT="servicebus", SERVICEBUS_URL="Endpoint=sb://h;SharedAccessKey=a-key"))


def test_the_demo_is_not_production() -> None:
    assert not read(**SAFE | {"MODE": "demo"}).is_production


def test_nothing_is_known_before_an_entry_point_has_said_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", None)

    with pytest.raises(RuntimeError, match=r"bind\(settings\)"):
        config.current()
