"""Templates parse, are used, know their macros, and hold nothing that the content security policy would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError, nodes

from domains.kernel.config import Settings

from .reading import ROOT, plant, refuse, sources

REFUSED = {
    r"\sstyle\s*=": "no style attribute: the policy refuses it, give it a class",
    r"<style": "no style element: app.css holds the styles",
    r"<script(?![^>]*\ssrc=)": "no inline script",
    r"\son[a-z]+\s*=": "no inline event handler: app.js listens",
    r"""\b_\((?!["'])""": "only a text that stands here goes into _(): write |translated for any other",
    r"javascript:": "no javascript: address",
    r"""[^'"\s]\s*\|\s*safe\b""": "only a literal is marked safe: build the rest in Python, escaped",
    r"https?://(?!www\.w3\.org)": "nothing is loaded from elsewhere",
}
BY_NAME = re.compile(r"errors/\d+\.html")  # chosen by a status


def faults(folder: Path, environment: Environment) -> Iterator[str]:
    templates = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.html"))}
    macros = {name: set(macros_of(environment, path)) for name, path in templates.items()}
    components = set().union(*(found for name, found in macros.items() if name.startswith("components/")))
    for name, path in templates.items():
        text = path.read_text(encoding="utf-8")
        try:
            tree = environment.parse(text)
            environment.compile(text)
        except TemplateSyntaxError as error:
            yield f"{name}:{error.lineno} {error.message}"
            continue
        yield from _refused(name, text)
        yield from _partial(name, tree)
        yield from _unknown_macros(name, tree, components)


def macros_of(environment: Environment, path: Path) -> Iterator[str]:
    try:
        tree = environment.parse(path.read_text(encoding="utf-8"))
    except TemplateSyntaxError:
        return
    yield from (node.name for node in tree.find_all(nodes.Macro))


def _refused(name: str, text: str) -> Iterator[str]:
    visible = re.sub(r"\{#.*?#\}", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(visible.splitlines(), start=1):
        for pattern, why in REFUSED.items():
            if re.search(pattern, line):
                yield f"{name}:{number} {why}"


def _partial(name: str, tree: nodes.Template) -> Iterator[str]:
    if name.rpartition("/")[2].startswith("_") and tree.find(nodes.Extends):
        yield f"{name}: a partial stands alone and extends nothing"


def _unknown_macros(name: str, tree: nodes.Template, components: set[str]) -> Iterator[str]:
    """A macro that is called but not imported is silently undefined when a partial is sent alone."""
    known = {node.name for node in tree.find_all(nodes.Macro)}
    for node in tree.find_all(nodes.FromImport):
        known |= {one if isinstance(one, str) else one[1] for one in node.names}
    for node in tree.find_all(nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name in components - known:
            yield f"{name}:{node.lineno} {node.node.name} is called, but not imported here"


def unused(root: Path) -> Iterator[str]:
    folder = root / "templates"
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")]
    texts += [source.text for source in sources(root, "portal", "api", "gateway", "tests/portal")]
    for path in sorted(folder.rglob("*.html")):
        name = str(path.relative_to(folder))
        if not BY_NAME.fullmatch(name) and not any(f'"{name}"' in text or f"'{name}'" in text for text in texts):
            yield f"templates/{name} is used nowhere"


def test_templates_hold_together(settings: Settings) -> None:
    from portal import create_app

    refuse(faults(ROOT / "templates", create_app(settings).jinja_env))


def test_every_template_is_used() -> None:
    refuse(unused(ROOT))


def test_faulty_templates_are_seen(tmp_path: Path) -> None:
    plant(tmp_path, "templates/components/money.html", "{% macro money(x) %}{{ x }}{% endmacro %}")
    plant(tmp_path, "templates/a/_row.html", "{% extends 'layout.html' %}{{ money(1) }}")
    faulty = "<p style='x' onclick='y'>{{ z|safe }}{{ _(z) }}<script>1</script>{# style= #}"
    plant(tmp_path, "templates/a/list.html", faulty)
    plant(tmp_path, "templates/a/broken.html", "{% if %}")

    environment = Environment(loader=FileSystemLoader(tmp_path / "templates"), autoescape=True)
    found = [fault.split(":")[0] for fault in faults(tmp_path / "templates", environment)]

    assert found == ["a/_row.html"] * 2 + ["a/broken.html"] + ["a/list.html"] * 5
    assert len(list(unused(tmp_path))) == 4
