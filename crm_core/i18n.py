"""Languages: message marking, catalogues merged from the kernel and the plugins, and the current language.

Labels in code are plain English message ids marked with ``N_``; they are translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français"}
DEFAULT_LANGUAGE = "en"

_language: ContextVar[str] = ContextVar("crm_language", default=DEFAULT_LANGUAGE)
_folders: list[Path] = [Path(__file__).parent / "translations"]


def N_(message: str) -> str:
    """Mark ``message`` for extraction and return it unchanged."""
    return message


def add_catalogue(folder: Path) -> None:
    """Add a folder with ``<language>.po`` files; later folders win for equal ids."""
    if folder.is_dir() and folder not in _folders:
        _folders.append(folder)
        _messages.cache_clear()


@lru_cache(maxsize=8)
def _messages(language: str) -> dict[str, str]:
    from babel.messages.pofile import read_po

    merged: dict[str, str] = {}
    for folder in _folders:
        path = folder / f"{language}.po"
        if not path.is_file():
            continue
        with path.open("rb") as handle:
            catalogue = read_po(handle, locale=language)
        merged.update({str(m.id): str(m.string) for m in catalogue if m.id and m.string and isinstance(m.id, str)})
    return merged


def current_language() -> str:
    """Return the language of the running request or job."""
    return _language.get()


@contextmanager
def use_language(language: str | None) -> Iterator[None]:
    """Run the block in ``language``; an unknown one falls back to English."""
    known = language if language and language in LANGUAGES else DEFAULT_LANGUAGE
    token = _language.set(known)
    try:
        yield
    finally:
        _language.reset(token)


def gettext(message: str, **params: Any) -> str:
    """Translate ``message`` to the current language and fill ``%(name)s`` parameters."""
    language = _language.get()
    text = message if language == "en" else _messages(language).get(message, message)
    return text % params if params else text


def translate_mapping(labels: Mapping[str, str] | str) -> str:
    """Return the label of an administrator-made thing: a mapping by language, or a plain text."""
    if isinstance(labels, str):
        return gettext(labels)
    return labels.get(_language.get()) or labels.get("en") or next(iter(labels.values()), "")


def best_language(accepted: Iterable[str]) -> str:
    """Return the first supported language of an ``Accept-Language`` order."""
    for tag in accepted:
        if (short := tag.split("-")[0].lower()) in LANGUAGES:
            return short
    return DEFAULT_LANGUAGE
