"""Cursors of keyset pages: where a page ended, as opaque text."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crm_core.errors import BadRequest
from crm_core.i18n import N_


def encode(sort: str, values: list[Any]) -> str:
    """Return the cursor of the row with these sort values (id last) in this order."""
    document = json.dumps([sort, [_tagged(v) for v in values]], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def decode(sort: str, cursor: str, types: Sequence[type[Any] | None]) -> list[Any]:
    """Return the sort values of a cursor.

    Raises:
        BadRequest: it was not made by a list in this order.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        made_for, values = json.loads(raw)
        found = [_untagged(v) for v in values]
        if made_for != sort or len(found) != len(types) or found[-1] is None:
            raise ValueError(cursor)
        if not all(_fits(value, kind) for value, kind in zip(found, types, strict=True)):
            raise ValueError(cursor)
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError, ArithmeticError) as exc:
        raise BadRequest(N_("This page marker does not belong to this list; start from the first page"),
                         field="after") from exc  # fmt: skip
    return found


def _fits(value: Any, kind: type[Any] | None) -> bool:
    if value is None or kind is None:
        return True
    if kind in (Decimal, float):
        return isinstance(value, Decimal | float | int) and not isinstance(value, bool)
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)


def _tagged(value: Any) -> Any:
    match value:
        case dt.datetime():
            return {"t": value.isoformat()}
        case dt.date():
            return {"d": value.isoformat()}
        case Decimal():
            return {"n": str(value)}
    return value


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        if tag == "t":
            moment = dt.datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return dt.date.fromisoformat(text) if tag == "d" else Decimal(text)
    if isinstance(value, str) and "\x00" in value:
        raise ValueError(value)
    if value is not None and not isinstance(value, str | int | float | bool):
        raise ValueError(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError(value)
    return value
