"""The mistakes that would open a door: text that becomes code, SQL, a pattern, markup or a way into our network."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from .reading import ROOT, Source, dotted, plant, refuse, sources

Finder = Callable[[ast.AST], bool]
TEXT = {"text", "sa.text", "sqlalchemy.text", "literal_column", "exec_driver_sql"}
CODE = {"render_template_string", "Template", "from_string"}
RUN = {"eval", "exec", "compile", "builtins.eval", "builtins.exec"}
THAWED = {
    "pickle", "cPickle", "dill", "jsonpickle", "marshal", "shelve", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
}  # fmt: skip
XML = {"xml.etree", "xml.sax", "xml.dom", "lxml", "xmltodict", "defusedxml"}
CIPHERS = re.compile(r"(^|\.)(Cipher|modes|algorithms|Fernet|RSA|DES|ARC4|Blowfish|md5|sha1|MD5|SHA1|Crypto)(\.|$)")


LOOKED_AT = (ast.Call, ast.Subscript, ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.Constant)


def name_of(node: ast.AST) -> str:
    """What is called: `a.b` for a name, `.b` for the method of whatever else."""
    if not isinstance(node, ast.Call):
        return ""
    called = dotted(node.func)
    return called or (f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else "")


def calls(*names: str) -> Finder:
    return lambda node: name_of(node) in names or name_of(node).rpartition(".")[2] in names


def imports(*names: str) -> Finder:
    def found(node: ast.AST) -> bool:
        told = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        told += [f"{node.module}.{one.name}" for one in node.names] if isinstance(node, ast.ImportFrom) else []
        return any(one == name or one.startswith(f"{name}.") for one in told for name in names)

    return found


def made_of_parts(node: ast.AST) -> bool:
    """A text that is put together when the program runs."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.Add, ast.Mod))
    return isinstance(node, ast.JoinedStr) or name_of(node).endswith(".format")


def sql_of_parts(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node) in TEXT and any(map(made_of_parts, node.args))


def shell(node: ast.AST) -> bool:
    through = isinstance(node, ast.Call) and any(
        one.arg == "shell" and not (isinstance(one.value, ast.Constant) and one.value.value is False)
        for one in node.keywords
    )
    return through or name_of(node) in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")


def pattern_from_outside(node: ast.AST) -> bool:
    """A pattern that is no text of ours: a name in capitals or one that was escaped."""
    if not (isinstance(node, ast.Call) and name_of(node).startswith("re.") and node.args):
        return False
    first = node.args[0]
    return not (name_of(node) == "re.escape" or _is_ours(first))


def _is_ours(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return all(_is_ours(one.value) for one in node.values if isinstance(one, ast.FormattedValue))
    if isinstance(node, (ast.BinOp, ast.Call)):
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.args
        return name_of(node) == "re.escape" or all(map(_is_ours, parts))
    if isinstance(node, ast.Name):
        return node.id.strip("_").isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr.isupper())


def around_the_guard(node: ast.AST) -> bool:
    """A session or a scope of one's own making, or a connection past the session (docs/tenancy.md)."""
    if isinstance(node, ast.Subscript):
        told = isinstance(node.slice, ast.Constant) and node.slice.value == "scope"
        return told and isinstance(node.value, ast.Attribute) and node.value.attr == "info"
    name = name_of(node)
    past = (".connection", "engine.connect", "engine.begin", "engine.raw_connection", "Scope.operator", ".orm.Session")
    return name.rpartition(".")[2] in ("Scope", "work_as") or name == "Session" or name.endswith(past)


def swallowed(node: ast.AST) -> bool:
    """Everything caught and nothing said."""
    broad = isinstance(node, ast.ExceptHandler) and (node.type is None or dotted(node.type).endswith("Exception"))
    return broad and all(isinstance(one, (ast.Pass, ast.Continue)) for one in node.body)  # type: ignore[attr-defined]


AROUND = (
    "domains/*", "saga/*", "migrations/*", "demo/*", "cli.py", "doctor.py", "wsgi.py", "benchmarks/*", "sandbox/*",
    # the operator's desk before it stands at a customer's, by the caller's own right
    "portal/support_access.py", "portal/switch.py",
)  # fmt: skip
# What is looked for, why, who alone may, and a line in which it must be found.
RULES: dict[str, tuple[Finder, str, tuple[str, ...], str]] = {
    "SQL of parts": (sql_of_parts, "use parameters", ("domains/kernel/sets.py", "domains/kernel/database.py",
                                                        "domains/kernel/policies.py"),  # names of ours
                     'session.execute(text(f"SELECT {name}"))'),
    "code of text": (lambda node: calls(*CODE)(node) or name_of(node) in RUN, "what somebody sent must not be run",
                     ("tests/*",), "render_template_string(body)"),
    "thawed objects": (lambda node: calls(*THAWED)(node) or imports(*THAWED)(node), "whoever writes them runs code",
                       (), "import pickle"),
    "XML": (imports(*XML), "nothing reads XML; who must takes defusedxml and says so here", (), "import lxml.etree"),
    "a shell": (shell, "give a list of arguments", (), "subprocess.run(line, shell=True)"),
    "a pattern": (pattern_from_outside, "escape it: a stranger's pattern can take for ever",
                  # tables of ours: by country, by browser
                  ("domains/billing/tax.py", "domains/customers/models.py", "domains/kernel/places.py"),
                  "re.compile(typed)"),
    "markup": (calls("Markup", "format_html"), "templates escape; who marks text as safe says why here",
               ("portal/*",), "Markup(name)"),
    "ciphers": (lambda node: bool(CIPHERS.search(name_of(node))) or imports("hashlib.md5", "hashlib.sha1")(node),
                "only kernel.envelope encrypts, by AES-GCM",
                ("domains/users/commands/breaches.py",),  # the list of leaked passwords is by SHA-1
                "hashlib.md5(b'')"),
    "cookies": (calls("set_cookie"), "a cookie is HttpOnly, SameSite and __Host-: only where that is held",
                ("portal/login.py",), "response.set_cookie('a', 'b')"),
    "calls to the outside": (imports("requests", "urllib.request", "http.client", "httpx", "urllib3"),
                             "use kernel.outbound",
                             # the provider's address is ours; the demo and the supervisor ask this machine
                             ("domains/kernel/outbound.py", "domains/services/providers/wire.py", "demo/*",
                              "sandbox/*", "topology.py",
                              "domains/users/oidc/*"),  # what kernel.outbound raises; semgrep looks for calls
                             "import requests"),
    "a table by hand": (calls("csv.writer", "csv.DictWriter"), "use kernel.spreadsheet, where no cell is a formula",
                        ("domains/kernel/spreadsheet.py", "sandbox/*",
                         "domains/notifications/queries/trail.py"),  # by its `harmless`
                        "csv.writer(out)"),
    "everything seen": (calls("Scope.system"), "only where nobody asks: workers, scheduler, command line",
                        ("domains/*", "saga/*", "demo/*", "cli.py", "doctor.py"), "scope = Scope.system('x')"),
    "a way around the guard": (around_the_guard, "work for whom the surface has let in, by the domain's sessions",
                               AROUND, "scope = Scope.operator()"),
    "silence": (swallowed, "say what went wrong, or catch what is meant", (),
                "try:\n    x()\nexcept Exception:\n    pass"),
    "a door for everybody": (lambda node: isinstance(node, ast.Constant) and node.value == "0.0.0.0",
                             "listen on this machine", ("sandbox/*", "gateway/*"), "bind('0.0.0.0')"),
}  # fmt: skip


def mistakes(found: Iterator[Source]) -> Iterator[str]:
    for source in found:
        for node in (one for one in ast.walk(source.tree) if isinstance(one, LOOKED_AT)):
            for rule, (finds, why, allowed, _) in RULES.items():
                if finds(node) and not any(fnmatch(source.path, one) for one in allowed):
                    yield f"{source.path}:{getattr(node, 'lineno', 0)} {rule}: {why}"


@pytest.mark.asvs("1.2.4", "1.2.5", "1.2.9", "1.3.7", "1.5.2", "11.3.1", "15.3.2")
def test_none_of_our_own_mistakes_is_in_the_code() -> None:
    refuse(mistakes(sources(ROOT)))


@pytest.mark.parametrize("line", [
    "scope = Scope('system')", "work_as(scope)", "session.connection().execute(table.select())", "db.engine.connect()",
    "with Session(db.engine) as session: pass", "session.info['scope'] = None", "tenancy.Scope.operator()",
])  # fmt: skip
def test_a_way_around_the_guard_in_a_surface_is_seen(line: str, tmp_path: Path) -> None:
    plant(tmp_path, "portal/planted.py", line)

    assert list(mistakes(sources(tmp_path)))


@pytest.mark.parametrize("rule", RULES)
def test_each_mistake_is_seen(rule: str, tmp_path: Path) -> None:
    plant(tmp_path, "api/planted.py", RULES[rule][3])

    assert {fault.split(" ", 1)[1].partition(":")[0] for fault in mistakes(sources(tmp_path))} == {rule}
