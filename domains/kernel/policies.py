"""The third lock: the database shows and takes a tenant's rows only to a session that has said for whom it works.

PostgreSQL and Azure SQL keep policies for this on each table with a `customer_id`; `cloudsales migrate` makes them
from the models. The predicate is `Scope.covers`, said to the server at the beginning of each transaction and gone with
it. Who has said nothing sees nothing and writes nothing. SQLite has no such thing: there the guard is the last lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, event, text

from .crypto import digest
from .tenancy import Scope, of_process

SCOPE, CUSTOMER = "cloudsales.scope", "cloudsales.customer"
_FOR_GOOD = "told to work for the system"  # of a connection
# Rows of these are added by whoever acts, for whichever customer it concerns; they are read like all others.
APPENDED = {"audit_entry", "audit_value", "audit_origin", "outbox"}
# Rows of these are read and changed by workers and the operator alone: they hold what belongs to several tenants.
INTERNAL = {"outbox", "inbox"}
# Tables without a customer of their own belong to whom their parent belongs to: their column, the parent, its key.
CHILDREN = {
    "audit_value": ("entry_id", "audit_entry"),
    "audit_origin": ("entry_id", "audit_entry"),
    "link": ("case_id", "case_"),
    "run_step": ("run_id", "run"),
    "run_event": ("run_id", "run"),
    "intervention": ("run_id", "run"),
}
# Tables that no policy holds, and why.
OPEN = {
    "consumed": "ids of events and nothing else",
    "idempotency": "found by a digest of caller, route and key only",
    "audit_waiting": "ids of entries that wait for their seal, and nothing else",
    "number_series": "the last number given out; every writer counts on",
    "stamp": "random values by topic: they tell that something changed, not what",
    "erased_person": "ids of people who are forgotten, and nothing else",
    "definition": "shapes of sagas, nobody's data",
    "invoice_series": "the last number given out; every invoice counts on",
    "offer": "the catalogue is the same for everybody",
    "offer_plan": "the catalogue is the same for everybody",
    "listing": "the catalogue is the same for everybody",
    "provider": "when the catalogue was read last",
    "provider_hint": "that something may have happened over there; only workers and the operator read them",
    "price_book": "price books are the operator's; which one is a customer's stands on the customer",
    "catalogue_sync": "what syncs have changed of the catalogue, which is the same for everybody",
    "catalogue_change": "what syncs have changed of the catalogue, which is the same for everybody",
    "past_price": "what the catalogue's plans cost us before, the same for everybody",
    "promotion": "what providers take off, the same for everybody",
    "price_book_version": "price books as they were; which one is a customer's says its agreement",
    "price_agreement": "an end-customer's price goes by its reseller's agreement, whose row its scope does not cover",
    "resale_book": "an end-customer's price goes by its reseller's book, whose row its scope does not cover",
    "price_rule": "price books are the operator's; which one is a customer's stands on the customer",
}
_KIND = f"(SELECT current_setting('{SCOPE}', true))"
_WHO = f"(SELECT nullif(current_setting('{CUSTOMER}', true), '')::uuid)"
_WIDE = f"{_KIND} IN ('operator', 'system')"
_CLEAR = "; ".join(f"EXEC sp_set_session_context @key = N'{key}', @value = NULL" for key in (SCOPE, CUSTOMER))

_READ = "md5(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''))"
_ON_POSTGRESQL = text(
    f"SELECT c.relname, p.polname, {_READ} AS understood,"  # noqa: S608  # nosec B608
    " coalesce(obj_description(p.oid, 'pg_policy'), '') AS said"
    " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
    " WHERE pg_table_is_visible(c.oid) AND c.relrowsecurity AND c.relforcerowsecurity"
)
_ROLE = {
    "postgresql": "SELECT rolsuper OR rolbypassrls AS free, EXISTS (SELECT 1 FROM pg_class c WHERE c.relkind = 'r'"
    " AND c.relnamespace = 'public'::regnamespace AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owner"
    " FROM pg_roles WHERE rolname = current_user",
    "mssql": "SELECT 0 AS free, HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER ANY SECURITY POLICY') AS owner",
}
_ON_AZURE = text(
    "SELECT OBJECT_NAME(p.target_object_id) AS name, COUNT(*) AS predicates FROM sys.security_predicates AS p"
    " JOIN sys.security_policies AS s ON s.object_id = p.object_id WHERE s.is_enabled = 1 GROUP BY p.target_object_id"
)


STANDINGS = {
    "free": "a superuser or a role with BYPASSRLS, whom no policy holds",
    "owner": "the tables' owner, who could take the policies away and rewrite the audit trail",
}


def tell(connection: Connection, scope: Scope | None) -> None:
    """Say to the server for whom the transaction works that has just begun; with None, for nobody."""
    dialect = connection.dialect.name
    kind, who = (scope.kind, scope.customer_id) if scope is not None else ("", None)
    if dialect == "postgresql":
        known = "system" if _FOR_GOOD in connection.info else ""
        if kind != known:  # settings of a transaction end with it, and unset is nobody
            said = (SCOPE, kind, CUSTOMER, str(who or ""))
            connection.exec_driver_sql("SELECT set_config(%s, %s, true), set_config(%s, %s, true)", said)
    elif dialect == "mssql":  # said each time: these outlive the transaction
        values = (f"N'{kind}'" if kind else "NULL", f"0x{who.hex}" if who else "NULL")
        keys = zip((SCOPE, CUSTOMER), values, strict=True)
        connection.exec_driver_sql(
            "; ".join(f"EXEC sp_set_session_context @key = N'{k}', @value = {v}" for k, v in keys)
        )


def introduce_worker(connection: Any, record: Any) -> None:
    """Say once to a new connection of a process that works as the system that it does so: a round trip less each time.

    A transaction for anybody else, or for nobody, says so in its turn. Where a pooler lends one connection of the
    server to several processes in turn, this would tell it to the next one: there each process needs a pool of its own.
    """
    scope = of_process()
    if scope is None or scope.kind != "system":
        return
    cursor = connection.cursor()
    cursor.execute(f"SELECT set_config('{SCOPE}', 'system', false)")
    cursor.close()
    connection.commit()
    record.info[_FOR_GOOD] = True


def tell_for_good(connection: Connection) -> None:
    """Say to the server that a connection works on everybody's rows until it closes; migrations do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT set_config('{SCOPE}', 'system', false)")
    elif connection.dialect.name == "mssql":
        connection.exec_driver_sql(f"EXEC sp_set_session_context @key = N'{SCOPE}', @value = N'system'")
    connection.commit()  # whoever comes next begins a transaction of their own


def forget_on_azure(connection: Any, record: Any) -> None:
    """Say nobody before a connection goes back to the pool. One that cannot even do this is thrown away."""
    if connection is None:
        return
    try:
        cursor = connection.cursor()
        cursor.execute(_CLEAR)
        cursor.close()
        connection.commit()
    except Exception:
        record.invalidate()


def held(metadata: MetaData) -> list[Table]:
    """The tables that policies hold: those with a customer, their children, and what is for workers alone."""
    others = CHILDREN.keys() | INTERNAL
    return [table for table in metadata.sorted_tables if "customer_id" in table.c or table.name in others]


def predicate(table: Table) -> str:
    """Whose a row of a table is, as PostgreSQL is told."""
    if table.name in INTERNAL:
        return _WIDE
    if "customer_id" not in table.c:  # the parent has a policy, too; EXISTS, so that one is looked up and not all read
        column, parent = CHILDREN[table.name]
        child = f'"{table.name}".{column}'
        return f"{_WIDE} OR EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {child})"  # noqa: S608  # nosec B608
    own = f"{_WIDE} OR customer_id = {_WHO}"
    return f"{own} OR ({_KIND} = 'reseller' AND reseller_id = {_WHO})" if "reseller_id" in table.c else own


def on_postgresql(table: Table) -> Iterator[str]:
    """The statements that put the policies of a table in place, or right. The table's owner obeys them, too."""
    name = f'"{table.name}"'
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
    others = f"SELECT polname FROM pg_policy WHERE polrelid = '{name}'::regclass"  # noqa: S608  # nosec B608
    dropped = f"EXECUTE format('DROP POLICY %I ON {name}', known.polname)"
    yield f"DO $$ DECLARE known record; BEGIN FOR known IN {others} LOOP {dropped}; END LOOP; END $$"
    for policy, whose in _policies(table).items():
        yield f"CREATE POLICY {policy} ON {name} {whose}"
        # Beside it stands what it was made of and what the server understood, so that a changed one is found.
        yield (
            f"DO $$ BEGIN EXECUTE format('COMMENT ON POLICY {policy} ON {name} IS %L',"  # noqa: S608  # nosec B608
            f" '{digest(whose)}' || (SELECT {_READ} FROM pg_policy p WHERE p.polname = '{policy}'"
            f" AND p.polrelid = '{name}'::regclass)); END $$"
        )


def _policies(table: Table) -> dict[str, str]:
    whose = predicate(table)
    made = {"tenant": f"USING ({whose}) WITH CHECK ({whose})"}
    return made | ({"append": f"FOR INSERT WITH CHECK ({_KIND} <> '')"} if table.name in APPENDED else {})


def misheld(connection: Connection, metadata: MetaData) -> list[Table]:
    """The tables whose policies are not as they should be: missing, changed, or with another one beside them.

    None on SQLite, which has no policies.
    """
    if connection.dialect.name == "postgresql":
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for row in connection.execute(_ON_POSTGRESQL):
            found.setdefault(row.relname, {})[row.polname] = (row.said, row.understood)
        return [table for table in held(metadata) if not _as_made(_policies(table), found.get(table.name, {}))]
    if connection.dialect.name == "mssql":
        count = {row.name: row.predicates for row in connection.execute(_ON_AZURE)}
        return [table for table in held(metadata) if count.get(table.name, 0) != len(_predicates(table))]
    return []


def _as_made(made: dict[str, str], found: dict[str, tuple[str, str]]) -> bool:
    known = all(said == digest(made.get(policy, "")) + understood for policy, (said, understood) in found.items())
    return known and found.keys() == made.keys()


def unheld(connection: Connection, metadata: MetaData) -> list[Table]:
    """The tables that do not hold who is connected: as `misheld`, and all of them for a superuser."""
    return held(metadata) if standing(connection) == "free" else misheld(connection, metadata)


def standing(connection: Connection) -> str:
    """What who is connected is to the policies, as `standing_of` says it."""
    ask = connection.exec_driver_sql
    return standing_of(connection.dialect.name, lambda query: ask(query).one())


def standing_of(dialect: str, ask: Callable[[str], Any]) -> str:
    """What a role is to the policies: `free` of them, `owner` that could take them away; empty, one that they hold."""
    free, owner = ask(_ROLE[dialect]) if dialect in _ROLE else (False, False)
    return "free" if free else "owner" if owner else ""


class Loose(RuntimeError):
    """A process of production has connected as somebody whom the database does not hold."""


def watch(engine: Engine) -> None:
    """Let no connection be made by this engine as somebody whom the database does not hold."""

    @event.listens_for(engine, "connect")
    def refuse(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        found = standing_of(engine.dialect.name, lambda query: _first(cursor, query))
        cursor.close()
        connection.rollback()
        if found:
            connection.close()
            raise Loose(f"CLOUDSALES_DATABASE_URL connects to {engine.url.database} as {STANDINGS[found]}")


def _first(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()


def on_azure(metadata: MetaData) -> Iterator[str]:
    """The same in T-SQL: a predicate in a function, a filter on each table, and blocks on what is written.

    Children have none there, as a predicate on another table would hold that table's columns fast: they are reached
    through their parents.
    """
    kind = f"CAST(SESSION_CONTEXT(N'{SCOPE}') AS NVARCHAR(10))"
    who = f"CAST(SESSION_CONTEXT(N'{CUSTOMER}') AS BINARY(16))"
    yield dropped_on_azure()
    yield "IF SCHEMA_ID(N'tenancy') IS NULL EXEC (N'CREATE SCHEMA tenancy')"
    yield (
        "CREATE OR ALTER FUNCTION tenancy.covered(@customer_id BINARY(16), @reseller_id BINARY(16))\n"
        "RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS covered\n"
        f"WHERE {kind} IN (N'operator', N'system') OR @customer_id = {who}\n"
        f"OR ({kind} = N'reseller' AND @reseller_id = {who})"
    )
    lines = [line for table in held(metadata) for line in _predicates(table)]
    yield "CREATE SECURITY POLICY tenancy.tenants\n" + ",\n".join(lines) + "\nWITH (STATE = ON, SCHEMABINDING = ON)"


def _predicates(table: Table) -> list[str]:
    if table.name in INTERNAL:  # added to by everybody, seen by nobody but the wide
        return [f"ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.{table.name}"]
    if "customer_id" not in table.c:
        return []
    reseller = "reseller_id" if "reseller_id" in table.c else "NULL"
    call = f"tenancy.covered(customer_id, {reseller}) ON dbo.{table.name}"
    moments = ("AFTER UPDATE",) if table.name in APPENDED else ("AFTER INSERT", "AFTER UPDATE")
    return [f"ADD FILTER PREDICATE {call}", *(f"ADD BLOCK PREDICATE {call} {moment}" for moment in moments)]


def dropped_on_azure() -> str:
    """The statement that takes the policies away: while they are there, no table of theirs can be dropped."""
    return "DROP SECURITY POLICY IF EXISTS tenancy.tenants"
