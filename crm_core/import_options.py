"""The options of an import: from raw input of any face, checked, and as they are kept with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crm_core import tables
from crm_core.errors import Invalid, Problem
from crm_core.i18n import N_
from crm_core.import_protocol import JOINERS, MODES, ImportOptions

KEPT = (
    "region", "overrides", "lenient", "dry_run", "match", "mode", "clear", "make", "entity", "encoding", "separator",
    "quote", "joiner", "into",
)  # fmt: skip
_REGION = re.compile(r"[A-Z]{2}")
_UNKNOWN = N_("%(value)s is not one of: %(known)s")
_MAX_JOINER = 10


def options_document(options: ImportOptions) -> dict[str, Any]:
    """Return options as JSON."""
    found = {name: getattr(options, name) for name in KEPT}
    return {**found, "overrides": dict(options.overrides)}


def options_of(raw: Mapping[str, Any], region: str = "FR") -> ImportOptions:
    """Return the options of an import from raw input: the names of :class:`ImportOptions`.

    ``overrides`` is a mapping of column to field, or lines (or a list) of ``Column=field``.

    Raises:
        Invalid: an unknown region, mode, encoding, separator, quote or joiner, or a line without ``=``.
    """
    chosen = str(raw.get("region") or region).strip().upper()
    overrides, wrong = _overrides(raw.get("overrides") or {})
    problems = []
    written: dict[str, Any] = {name: str(raw.get(name) or "").strip(" ") for name in ("encoding", "separator", "quote")}
    joiner = str(raw.get("joiner") or "space")
    mode = str(raw.get("mode") or "both")
    if not _REGION.fullmatch(chosen):
        problems.append(Problem("region", "region", N_("A region is a country code of two letters, such as FR")))
    problems += wrong
    if mode not in MODES:
        problems.append(_not_known("mode", mode, MODES))
    problems += [*_layout_problems(**written), *_joiner_problems(joiner)]
    if problems:
        raise Invalid(problems)
    return ImportOptions(
        region=chosen, overrides=overrides, mode=mode, match=str(raw.get("match") or ""), joiner=joiner,
        lenient=_yes(raw.get("lenient")), dry_run=_yes(raw.get("dry_run")), clear=_yes(raw.get("clear")),
        make=None if raw.get("make") in (None, "") else _yes(raw.get("make")), into=str(raw.get("into") or ""),
        **written,
    )  # fmt: skip


def _overrides(given: Any) -> tuple[dict[str, str], list[Problem]]:
    if isinstance(given, Mapping):
        return {str(k): str(v) for k, v in given.items()}, []
    lines = [str(line).strip() for line in (given.splitlines() if isinstance(given, str) else given)]
    message = N_("%(line)s is not of the form Column=field")
    wrong = [Problem("overrides", "overrides", message, {"line": x[:80]}) for x in lines if x and "=" not in x]
    pairs = (line.rpartition("=") for line in lines if "=" in line)
    return {column.strip(): field.strip() for column, _, field in pairs}, wrong


def _layout_problems(encoding: str, separator: str, quote: str) -> Iterator[Problem]:
    if encoding and not tables.is_encoding(encoding):
        yield _not_known("encoding", encoding, tables.ENCODINGS)
    if separator and separator not in tables.SEPARATORS and not _is_mark(separator):
        yield _not_known("separator", separator, tables.SEPARATORS)
    if quote and quote not in tables.QUOTES and not _is_mark(quote):
        yield _not_known("quote", quote, tables.QUOTES)
    between = tables.SEPARATORS.get(separator, separator)
    if between and between == (tables.QUOTES.get(quote, quote) if quote else '"'):
        yield Problem("separator", "quote", N_("The separator of cells can't be the quote as well"))


def _is_mark(text: str) -> bool:
    return len(text) == 1 and text not in "\r\n\0" and not text.isalnum()


def _joiner_problems(joiner: str) -> Iterator[Problem]:
    if joiner not in JOINERS and len(joiner) > _MAX_JOINER:
        message = N_("At most %(limit)s characters, or one of: %(known)s")
        yield Problem("joiner", "too_long", message, {"limit": _MAX_JOINER, "known": ", ".join(JOINERS)})


def _not_known(field: str, value: str, known: Mapping[str, Any]) -> Problem:
    return Problem(field, "choice", _UNKNOWN, {"value": value[:60], "known": ", ".join(known)})


def _yes(raw: Any) -> bool:
    return raw is True or str(raw).strip().lower() in ("1", "true", "yes", "on")
