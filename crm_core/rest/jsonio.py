"""JSON in and out: what a body may be, and how values are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from crm_core.errors import BadRequest
from crm_core.i18n import N_

MAX_DEPTH = 32
MIMETYPE = "application/json"
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_NULL = b"\\u0000"


def loads(raw: bytes) -> Any:
    """Read a JSON body (RFC 8259): UTF-8, finite numbers, at most 32 levels, no null characters.

    Of a key given twice the last one holds, as nearly every reader of JSON has it.

    Raises:
        BadRequest: the body is not such a document; says where.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        message = N_("The body is not JSON: %(reason)s")
        raise BadRequest(message, params={"reason": str(exc)}) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or _NULL in raw:
        _check(document)
    return document


def _check(document: Any) -> None:
    level, depth = [document], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and "\x00" in item:
                raise BadRequest(N_("The body holds a null character (U+0000)"))
        if depth > MAX_DEPTH and any(isinstance(item, dict | list) for item in level):
            raise BadRequest(N_("The body is nested deeper than %(limit)s levels"), params={"limit": MAX_DEPTH})
        level = below


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def dumps(value: Any) -> bytes:
    """Return JSON: decimals as text, instants in UTC with ``Z``, days as ISO 8601."""
    return orjson.dumps(value, default=_other, option=_OPTIONS)
