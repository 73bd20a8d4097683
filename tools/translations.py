"""Keep the portal's catalogues: `update` collects the texts and brings them up to date, `compile` makes them readable.

One catalogue a language in translations/<language>/LC_MESSAGES/messages.po; the English source texts stand in the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
SOURCES = ("portal", "gateway", "saga", "domains", "templates")
# The styleguide is a page for developers, in English.
METHODS = [("styleguide.html", "ignore"), ("styleguide/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"silent": "false"}}  # a template that cannot be read is an error
# The first argument of these holds a text, besides gettext's own: marks, lazy ones, and the sentences of domains.
KEYWORDS = {**DEFAULT_KEYWORDS, **dict.fromkeys(("N_", "_l", "lazy_gettext"))}
KEYWORDS |= {"lazy_pgettext": DEFAULT_KEYWORDS["pgettext"]}
KEYWORDS |= dict.fromkeys(("Said", "Invalid", "NotFound", "Conflict", "Refused"), (1,))


def collected(root: Path = ROOT) -> Catalog:
    """Every text that the portal can show."""
    catalog = Catalog(project="Cloud Sales System", charset="utf-8")
    for folder in SOURCES:
        found = extract_from_dir(root / folder, METHODS, OPTIONS, keywords=KEYWORDS)
        for _path, _line, message, comments, context in found:
            catalog.add(message, auto_comments=comments, context=context)
    return catalog


def catalogues(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """The languages that have a catalogue, with its file."""
    for path in sorted(root.glob("translations/*/LC_MESSAGES/messages.po")):
        yield path.parts[-3], path


def read(path: Path, language: str) -> Catalog:
    """A catalogue from its file."""
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Bring every catalogue up to date with the code."""
    template = collected()
    for language, path in catalogues():
        catalog = read(path, language)
        template.creation_date = catalog.creation_date  # so that only changed texts change the file
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        with path.open("wb") as file:
            write_po(file, catalog, width=120, sort_output=True, no_location=True, ignore_obsolete=True)
        missing = sum(not message.string for message in catalog if message.id)
        print(f"{language}: {len(catalog)} texts, {missing} not translated yet")  # noqa: T201 what is left to do


def compile_all() -> None:
    """Write the .mo file beside each catalogue that is newer than it."""
    for language, path in catalogues():
        target = path.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            with target.open("wb") as file:
                write_mo(file, read(path, language))


if __name__ == "__main__":
    if sys.argv[1:] == ["update"]:
        update()
    compile_all()
