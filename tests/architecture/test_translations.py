"""Every text of the portal in every language, with the same things filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message

from portal import LANGUAGES
from tools.translations import catalogues, collected, read

from .reading import refuse

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|<[^>]+>")


def faults(language: str, catalog: Catalog, texts: Catalog) -> Iterator[str]:
    for message in texts:
        if not message.id:
            continue
        found = catalog.get(message.id, message.context)
        if found is None or not all(forms(found.string)):
            yield f"{language}: not translated: {message.id!r}"
        elif found.fuzzy:
            yield f"{language}: only guessed: {message.id!r}"
        else:
            yield from misfits(language, found)


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


def misfits(language: str, message: Message) -> Iterator[str]:
    """Forms in which something else is filled in than in the source; `one thing` may leave out its number."""
    wanted = [sorted(PLACEHOLDER.findall(form)) for form in forms(message.id)]
    for form in forms(message.string):
        if sorted(PLACEHOLDER.findall(form)) not in wanted:
            yield f"{language}: {form!r} is not filled like {message.id!r}"


def test_every_language_has_a_catalogue() -> None:
    assert {"en", *(language for language, _ in catalogues())} == set(LANGUAGES)


def test_every_text_is_translated_into_every_language() -> None:
    texts = collected()

    assert len(texts) > 500
    refuse(fault for language, path in catalogues() for fault in faults(language, read(path, language), texts))


def test_missing_and_misfitting_translations_are_seen() -> None:
    texts, catalog = Catalog(), Catalog(locale="de")
    for text in ("Order", "Sign in", "%(left)s left", "Two %(a)s and <b>%(b)s</b>"):
        texts.add(text)
    catalog.add("Sign in", "Anmelden", flags=["fuzzy"])
    catalog.add("%(left)s left", "%(rest)s übrig")
    catalog.add("Two %(a)s and <b>%(b)s</b>", "Zwei <b>%(b)s</b> und %(a)s")

    found = list(faults("de", catalog, texts))

    assert [fault.split(":")[1].strip() for fault in found[:2]] == ["not translated", "only guessed"]
    assert len(found) == 3
