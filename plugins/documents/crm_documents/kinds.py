"""Kinds of file as people tell them apart, by content type."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping

from crm_core.api import N_

KINDS: Mapping[str, str] = {
    "pdf": N_("PDF"),
    "image": N_("Picture"),
    "text": N_("Text"),
    "spreadsheet": N_("Spreadsheet"),
    "presentation": N_("Presentation"),
    "archive": N_("Archive"),
    "audio": N_("Sound"),
    "video": N_("Film"),
    "other": N_("Other"),
}

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODF = "application/vnd.oasis.opendocument."
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
READABLE = (PDF, DOCX, XLSX, f"{ODF}text", f"{ODF}spreadsheet", f"{ODF}presentation")
"""Content types whose text is looked for, beside plain text."""

_TYPES: Mapping[str, str] = {
    PDF: "pdf", DOCX: "text", XLSX: "spreadsheet", PPTX: "presentation", "application/msword": "text",
    "application/rtf": "text", "message/rfc822": "text", "application/json": "text", "application/xml": "text",
    "application/vnd.ms-excel": "spreadsheet", "text/csv": "spreadsheet",
    "application/vnd.ms-powerpoint": "presentation", f"{ODF}text": "text", f"{ODF}spreadsheet": "spreadsheet",
    f"{ODF}presentation": "presentation", "application/zip": "archive", "application/gzip": "archive",
    "application/x-tar": "archive", "application/x-7z-compressed": "archive", "application/vnd.rar": "archive",
}  # fmt: skip
_GUESSED: Mapping[str, str] = {
    "docx": DOCX, "xlsx": XLSX, "pptx": PPTX, "odt": f"{ODF}text", "ods": f"{ODF}spreadsheet",
    "odp": f"{ODF}presentation", "md": "text/plain", "eml": "message/rfc822",
}  # fmt: skip


def kind_of(content_type: str) -> str:
    """Return the kind of a content type."""
    if content_type in _TYPES:
        return _TYPES[content_type]
    major = content_type.partition("/")[0]
    return major if major in ("image", "text", "audio", "video") else "other"


def is_text(content_type: str) -> bool:
    """Tell whether the bytes of a type are the text itself."""
    return content_type.startswith("text/") or content_type in ("application/json", "message/rfc822")


def ending_of(name: str) -> str:
    """Return the ending of a file name in small letters, without the dot."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def claimed_type(name: str, declared: str) -> str:
    """Return the content type a sender claims: what is declared, else what the file's name stands for."""
    kind = declared.partition(";")[0].strip().lower()
    if kind not in ("", "application/octet-stream", "application/zip"):
        return kind
    return _GUESSED.get(ending_of(name)) or mimetypes.guess_type(name)[0] or ""
