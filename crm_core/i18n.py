"""Languages: message marking, catalogues of the kernel and the plugins, and the current language.

Labels in code are plain English message ids marked with ``N_``; they are translated where they are shown. A message
knows the package it was marked in, whose catalogue is asked first, then the kernel's, then those of the others: two
plugins may translate equal messages differently.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français"}
DEFAULT_LANGUAGE = "en"
KERNEL = __name__.partition(".")[0]

_language: ContextVar[str] = ContextVar("crm_language", default=DEFAULT_LANGUAGE)
_folders: dict[str, Path] = {KERNEL: Path(__file__).parent / "translations"}
"""Folders of catalogues by the package they belong to."""


class Marked(str):
    """A message id and the package that says it."""

    package: str

    def __new__(cls, text: str, package: str = "") -> Marked:
        """Keep the package beside the text."""
        made = super().__new__(cls, text)
        made.package = package
        return made


def N_(message: str) -> str:
    """Mark ``message`` for extraction; it is translated as the calling package does."""
    return Marked(message, _caller())


def _caller() -> str:
    """Return the package of the code that called the caller of this function."""
    name: str = sys._getframe(2).f_globals.get("__name__", "")
    return name.partition(".")[0]


def add_catalogue(folder: Path, package: str) -> None:
    """Add a package's folder with ``<language>.po`` files."""
    if folder.is_dir() and _folders.get(package) != folder:
        _folders[package] = folder
        _messages.cache_clear()
        _everywhere.cache_clear()


@lru_cache(maxsize=64)
def _messages(language: str, package: str) -> dict[str, str]:
    """Return a package's translations."""
    from babel.messages.pofile import read_po

    path = _folders[package] / f"{language}.po" if package in _folders else None
    if path is None or not path.is_file():
        return {}
    with path.open("rb") as handle:
        catalogue = read_po(handle, locale=language)
    return {str(m.id): str(m.string) for m in catalogue if m.id and m.string and isinstance(m.id, str)}


@lru_cache(maxsize=8)
def _everywhere(language: str) -> dict[str, str]:
    """Return the translations of all packages, the kernel's before others'."""
    merged: dict[str, str] = {}
    for package in reversed(_folders):
        merged.update(_messages(language, package))
    return merged


def _translated(message: str, package: str) -> str:
    language = _language.get()
    if language == DEFAULT_LANGUAGE:
        return str(message)
    own = getattr(message, "package", package)
    found = _messages(language, own).get(message) if own != KERNEL else None
    return found or _everywhere(language).get(message, str(message))


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
    """Translate ``message`` to the current language and fill ``%(name)s`` parameters; marked ones are translated."""
    caller = _caller()
    text = _translated(message, caller)
    return text % {k: _shown(v, caller) for k, v in params.items()} if params else text


def _shown(value: Any, caller: str) -> Any:
    if isinstance(value, tuple):
        return ", ".join(str(_shown(v, caller)) for v in value)
    return _translated(value, caller) if isinstance(value, Marked) else value


def translate_mapping(labels: Mapping[str, str] | str) -> str:
    """Return the label of an administrator-made thing: a mapping by language, or a plain text."""
    if isinstance(labels, str):
        return _translated(labels, _caller())
    return labels.get(_language.get()) or labels.get("en") or next(iter(labels.values()), "")


def best_language(accepted: Iterable[str]) -> str:
    """Return the first supported language of an ``Accept-Language`` order."""
    for tag in accepted:
        if (short := tag.split("-")[0].lower()) in LANGUAGES:
            return short
    return DEFAULT_LANGUAGE
