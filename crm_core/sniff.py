"""What a file is: its first bytes against the type the sender claims."""

from __future__ import annotations

import mimetypes

from crm_core.errors import WrongType
from crm_core.i18n import N_

HEAD = 8192
"""How many first bytes are looked at."""

_UNKNOWN = "application/octet-stream"
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "application/x-gzip": "application/gzip",
    "text/x-vcard": "text/vcard",
    "text/directory": "text/vcard",
    "application/csv": "text/csv",
    "text/x-csv": "text/csv",
}
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
)
_CERTAIN = frozenset(kind for _, _, kind in _SIGNATURES)
_TEXTUAL = frozenset(
    {"application/json", "application/xml", "message/rfc822", "application/rtf", "image/svg+xml", "application/sql"}
)
_MARKUP = (b"<!doctype html", b"<html", b"<script", b"<svg", b"<?xml")


def content_type(head: bytes, name: str, claimed: str) -> str:
    """Return the content type of a file from its first ``HEAD`` bytes, its name and the sender's claim.

    Raises:
        WrongType: the bytes are clearly something else than is claimed.
    """
    claim = _normal(claimed)
    if certain := _signature(head):
        if claim not in ("", _UNKNOWN, certain):
            raise _mismatch(claim, certain)
        return certain
    if claim in _CERTAIN:
        raise _mismatch(claim, "")
    found = _candidates(head, name)
    if _looks_like_text(head):
        return _text_type(head, name, claim, found)
    if claim in ("", _UNKNOWN):
        return next(iter(found), _UNKNOWN)
    if claim in found or claim.startswith("application/"):
        return claim
    major = claim.partition("/")[0]
    if major == "text" or (found and not any(f.startswith(f"{major}/") for f in found)):
        raise _mismatch(claim, next(iter(found), ""))
    return claim


def _normal(claimed: str) -> str:
    kind = claimed.partition(";")[0].strip().lower()
    return _ALIASES.get(kind, kind)


def _signature(head: bytes) -> str:
    for offset, magic, kind in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic and (kind != "image/webp" or head[:4] == b"RIFF"):
            return kind
    return ""


def _candidates(head: bytes, name: str) -> list[str]:
    """Return what puremagic takes the bytes for, best first; those that fit the name's ending before all others."""
    import puremagic

    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    ending = "." + name.rpartition(".")[2].lower()
    ordered = sorted(matches, key=lambda m: m.extension.lower() != ending)
    return list(dict.fromkeys(_normal(m.mime_type) for m in ordered if m.mime_type))


def _looks_like_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b\b" for byte in head)


def _text_type(head: bytes, name: str, claim: str, found: list[str]) -> str:
    if claim.startswith("text/") or claim in _TEXTUAL:
        return claim
    guess = _normal(mimetypes.guess_type(name)[0] or "")
    if claim == "application/vnd.ms-excel" and name.lower().endswith((".csv", ".txt")):
        return "text/csv"
    if claim not in ("", _UNKNOWN):
        if claim.startswith("application/"):
            return claim
        raise _mismatch(claim, "text/plain")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_MARKUP):
        return next((f for f in found if f in ("image/svg+xml", "application/xml")), "text/html")
    return guess if guess.startswith("text/") or guess in _TEXTUAL else "text/plain"


def _mismatch(claim: str, found: str) -> WrongType:
    if found:
        message = N_("The file is said to be %(claim)s, but it is %(found)s")
    else:
        message = N_("The file is said to be %(claim)s, but it is not")
    return WrongType(message, params={"claim": claim[:80], "found": found})
