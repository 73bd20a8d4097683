"""What may be uploaded: a few kinds of files, known by their content and called by a name that does no harm.

Images are not made anew: nothing of what is uploaded is ever shown in a page of ours, it is only saved (`as_download`).
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from typing import NamedTuple
from urllib.parse import quote

from .errors import Invalid

LARGEST = 10 * 1024 * 1024
ENTRIES, UNPACKED, RATIO = 1000, 100 * 1024 * 1024, 200  # of an archive, as it says of itself
OFFICE = "application/vnd.openxmlformats-officedocument"


class Taken(NamedTuple):
    """A file that may be taken: a harmless name, and its media type as we know it."""

    name: str
    media_type: str


# By ending: the media type, and the kind of content that it must have.
KINDS = {
    "pdf": ("application/pdf", "pdf"), "png": ("image/png", "png"), "jpg": ("image/jpeg", "jpeg"),
    "jpeg": ("image/jpeg", "jpeg"), "gif": ("image/gif", "gif"), "webp": ("image/webp", "webp"),
    "txt": ("text/plain", "text"), "log": ("text/plain", "text"), "csv": ("text/csv", "text"),
    "json": ("application/json", "text"), "zip": ("application/zip", "zip"),
    "docx": (f"{OFFICE}.wordprocessingml.document", "word"), "xlsx": (f"{OFFICE}.spreadsheetml.sheet", "xl"),
    "pptx": (f"{OFFICE}.presentationml.presentation", "ppt"),
}  # fmt: skip
MAGIC = (
    (b"%PDF-", "pdf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"),
    (b"GIF89a", "gif"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
)  # fmt: skip


def examined(name: str, content: bytes) -> Taken:
    """The file as it may be taken. Refuses an empty or too large one, a kind that is not taken, and a false ending."""
    if not content:
        raise Invalid("The file is empty.", code="attachment_empty", field="file")
    if len(content) > LARGEST:
        most = LARGEST // 1024 // 1024
        raise Invalid("A file may have %(most)s MB.", code="attachment_too_large", field="file", most=most)
    harmless = harmless_name(name)
    ending = harmless.rpartition(".")[2].lower()
    if "." not in harmless or ending not in KINDS:
        raise Invalid(
            "Files of this kind are not taken. Use one of: %(kinds)s.", code="attachment_kind_not_taken", field="file",
            kinds=sorted(KINDS),
        )  # fmt: skip
    media_type, wanted = KINDS[ending]
    if wanted not in _kinds_of(content):
        raise Invalid(
            "The file is not what its name says: its content is no %(ending)s.", code="attachment_content_unfit",
            field="file", ending=ending,
        )  # fmt: skip
    return Taken(harmless, media_type)


def _kinds_of(content: bytes) -> set[str]:
    """What a content is, by itself; an Office file is an archive too, but an archive of that name must be one."""
    found = next((kind for magic, kind in MAGIC if content.startswith(magic)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "webp"
    if found == "zip":
        return _kinds_of_archive(content)
    if found:
        return {found}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return set()
    return set() if re.search(r"[\x00-\x08\x0e-\x1f]", text) else {"text"}


def _kinds_of_archive(content: bytes) -> set[str]:
    """Look at an archive's own list, without unpacking anything. Refuses one that would grow, or cannot be searched."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeDecodeError):
        return set()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    grows = len(entries) > ENTRIES or unpacked > UNPACKED or unpacked > RATIO * max(packed, 1024)
    if grows or packed > len(content):  # parts that overlap unpack to more than the list says
        raise Invalid("The archive would grow too large.", code="attachment_archive_unfit", field="file")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Invalid("The archive is locked, so nobody can search it.", code="attachment_archive_unfit", field="file")
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names:
        return {"zip"}
    return {part for part in ("word", "xl", "ppt") if any(name.startswith(f"{part}/") for name in names)}


def harmless_name(name: str) -> str:
    """The last part of a file's name without what would lead elsewhere, end a line or turn the reading around."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign)[0] not in "CZ"
                   or sign == " ")  # fmt: skip
    stem, _, ending = kept.strip(" .").rpartition(".")
    whole = f"{stem[:100]}.{ending[:10]}" if stem else ending[:100]
    return re.sub(r'[<>:"|?*;%]', "_", whole) or "file"


def as_download(name: str) -> dict[str, str]:
    """The headers under which a browser saves a file and never shows it (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
        "object-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }  # fmt: skip
