"""What may be uploaded is known by its content, is not too large in any sense, and has a name that does no harm."""

from __future__ import annotations

import io
import zipfile

import pytest

from domains.kernel import uploads
from domains.kernel.errors import Invalid
from domains.kernel.uploads import as_download, examined, harmless_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


def archive(compression: int = zipfile.ZIP_DEFLATED, **entries: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as made:
        for name, content in entries.items():
            made.writestr(name.replace("__", "/"), content)
    return held.getvalue()


WORD = archive(**{"[Content_Types].xml": b"<x/>", "word__document.xml": b"<x/>"})
SHEET = archive(**{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b"<x/>"})
TAKEN = {
    "a.pdf": (b"%PDF-1.7\n", "application/pdf"), "a.PNG": (PNG, "image/png"),
    "a.jpeg": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "a.gif": (b"GIF89a...", "image/gif"), "a.webp": (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    "a.log": ("Grüße\r\n\tzwei".encode(), "text/plain"), "a.csv": (b"\xef\xbb\xbfa;b", "text/csv"),
    "a.json": (b"{}", "application/json"), "a.zip": (archive(a=b"x"), "application/zip"),
}  # fmt: skip


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize("name", TAKEN)
def test_what_is_what_its_name_says_is_taken(name: str) -> None:
    assert examined(name, TAKEN[name][0]).media_type == TAKEN[name][1]
    assert examined("a.docx", WORD).media_type.endswith("wordprocessingml.document")
    assert examined("a.xlsx", SHEET).media_type.endswith("spreadsheetml.sheet")


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize(("name", "content", "code"), [
    ("a.png", b"%PDF-1.7", "content_unfit"), ("a.pdf", PNG, "content_unfit"), ("a.txt", b"MZ\0\1", "content_unfit"),
    ("a.txt", PNG, "content_unfit"), ("a.docx", SHEET, "content_unfit"), ("a.docx", archive(a=b"x"), "content_unfit"),
    ("a.zip", WORD, "content_unfit"), ("a.zip", b"PK\3\4 and no archive", "content_unfit"),
    ("a.jpg", b"<svg onload=alert(1)>", "content_unfit"), ("a.csv", b"\xff\xfe", "content_unfit"),
    ("a.svg", b"<svg/>", "kind_not_taken"), ("a.html", b"<p>", "kind_not_taken"), ("a.exe", b"MZ", "kind_not_taken"),
    ("a", b"x", "kind_not_taken"), ("", b"x", "kind_not_taken"), (".pdf", b"%PDF-", "kind_not_taken"),
    ("a.png.html", PNG, "kind_not_taken"), ("a.php\0.png", PNG, None), ("a.pdf", b"", "empty"),
])  # fmt: skip
def test_what_is_another_kind_than_its_name_says_is_refused(name: str, content: bytes, code: str | None) -> None:
    if code is None:
        assert examined(name, content).name == "a.php.png"
        return
    with pytest.raises(Invalid) as refused:
        examined(name, content)
    assert refused.value.code == f"attachment_{code}"


@pytest.mark.asvs("5.2.1")
def test_a_file_has_a_largest_size() -> None:
    assert examined("a.txt", b"x" * uploads.LARGEST)
    with pytest.raises(Invalid) as refused:
        examined("a.txt", b"x" * (uploads.LARGEST + 1))
    assert refused.value.code == "attachment_too_large"


def overlapping() -> bytes:
    """Entries that all lead to the same bytes, so that the list says more than the file holds."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as made:
        made.writestr("a", b"y" * 5000)
        for number in range(50):
            info = zipfile.ZipInfo(f"b{number}")
            info.compress_size = info.file_size = 5000
            info.header_offset = info.CRC = 0
            made.filelist.append(info)
    return held.getvalue()


def locked() -> bytes:
    made = bytearray(archive(zipfile.ZIP_STORED, a=b"secret"))
    at = made.rindex(b"PK\1\2")
    made[at + 8] |= 1
    return bytes(made)


BOMBS = {
    "all the same": archive(a=b"\0" * 9_000_000), "many": archive(**{f"n{n}": b"" for n in range(1001)}),
    "overlapping": overlapping(), "locked": locked(),
}  # fmt: skip


@pytest.mark.asvs("5.2.3")
@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_an_archive_that_would_grow_or_cannot_be_searched_is_refused_unopened(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))

    for name in ("a.zip", "a.docx"):
        with pytest.raises(Invalid) as refused:
            examined(name, content)
        assert refused.value.code == "attachment_archive_unfit"


@pytest.mark.asvs("5.4.1")
@pytest.mark.parametrize(("name", "harmless"), [
    ("../../etc/passwd.txt", "passwd.txt"), ("..\\..\\boot.txt", "boot.txt"), ("/abs.txt", "abs.txt"),
    ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"), ("invoice\u202egnp.exe", "invoicegnp.exe"),
    ("a\0b.txt", "ab.txt"), ('a";x=".txt', "a__x=_.txt"), ("  .txt", "txt"), ("...", "file"), ("", "file"),
    ("Bericht für Köln.pdf", "Bericht für Köln.pdf"), ("報告.pdf", "報告.pdf"),
    ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
    ("%2e%2e%2fa.txt", "_2e_2e_2fa.txt"),
])  # fmt: skip
def test_a_name_cannot_lead_elsewhere_end_a_line_or_turn_the_reading_around(name: str, harmless: str) -> None:
    assert harmless_name(name) == harmless


@pytest.mark.asvs("5.4.2")
def test_a_download_is_saved_and_never_shown() -> None:
    headers = as_download("Köln 報告.pdf")

    assert headers["Content-Disposition"] == (
        "attachment; filename=\"K_ln __.pdf\"; filename*=UTF-8''K%C3%B6ln%20%E5%A0%B1%E5%91%8A.pdf"
    )
    assert headers["Content-Security-Policy"].endswith("; sandbox")
    headers["Content-Disposition"].encode("ascii")
