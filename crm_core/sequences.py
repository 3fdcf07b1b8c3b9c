"""Number sequences: customer codes and the like, by a mask, without gaps and without doubles.

The counter is a row that the transaction raises; it stays locked until the transaction ends, and a rollback lowers it
again. So two writers never get the same number, and a number that was not used is given to the next one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm_core.db import KERNEL
from crm_core.errors import NotFound, ValueProblem
from crm_core.i18n import N_
from crm_core.models import Sequence

if TYPE_CHECKING:
    from crm_core.context import Ctx

_PART = re.compile(r"\{(yyyy|yy|mm|dd|0:(\d{1,2}))\}")
_DATES = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
_LENGTH = 40


@dataclass(frozen=True)
class Mask:
    """A mask taken apart: ``INV{yy}{mm}-{0:4}`` restarts with its month and grows past four digits."""

    text: str
    digits: int

    @property
    def period_parts(self) -> tuple[str, ...]:
        """Return the date parts; the counter restarts when any of them changes."""
        return tuple(m[1] for m in _PART.finditer(self.text) if m[1] in _DATES)

    def period(self, day: dt.date) -> str:
        """Return the period a day lies in, empty for a mask without dates."""
        return "".join(day.strftime(_DATES[part]) for part in self.period_parts)

    def render(self, number: int, day: dt.date) -> str:
        """Return the text of one number."""
        return _PART.sub(
            lambda m: day.strftime(_DATES[m[1]]) if m[1] in _DATES else f"{number:0{self.digits}d}", self.text
        )

    def number(self, text: str, day: dt.date) -> int | None:
        """Return the number a text of this mask and period holds, ``None`` for any other text."""
        found = re.fullmatch(self._pattern(day), text.strip())
        return int(found[1]) if found else None

    def _pattern(self, day: dt.date) -> str:
        pieces, last = [], 0
        for found in _PART.finditer(self.text):
            pieces.append(re.escape(self.text[last : found.start()]))
            pieces.append(day.strftime(_DATES[found[1]]) if found[1] in _DATES else f"(\\d{{{self.digits},}})")
            last = found.end()
        return "".join(pieces) + re.escape(self.text[last:])


def parse_mask(text: str) -> Mask:
    """Return a mask that can be used.

    Raises:
        ValueProblem: it has no counter or several, an unknown part, a month without its year, or is too long.
    """
    text = text.strip()
    counters = [m[2] for m in _PART.finditer(text) if m[2]]
    parts = {m[1] for m in _PART.finditer(text)}
    if len(text) > _LENGTH or not text.isprintable():
        raise ValueProblem("mask", N_("A numbering mask has at most %(limit)s characters"), limit=_LENGTH)
    if len(counters) != 1 or not 1 <= int(counters[0]) <= 12:
        raise ValueProblem("mask", N_("A numbering mask needs one counter, such as {0:5} for five digits"))
    if "{" in (rest := _PART.sub("", text)) or "}" in rest:
        raise ValueProblem("mask", N_("A numbering mask knows {0:5}, {yyyy}, {yy}, {mm} and {dd} only"))
    if ("dd" in parts and "mm" not in parts) or ("mm" in parts and not parts & {"yy", "yyyy"}):
        raise ValueProblem("mask", N_("A month needs its year and a day its month, else numbers come twice"))
    return Mask(text, int(counters[0]))


def mask_of(ctx: Ctx, key: str) -> Mask:
    """Return the mask in force: an administrator's, else the declared one.

    Raises:
        NotFound: no active plugin has such a sequence.
    """
    definition = ctx.registry.sequences.get(key)
    if definition is None:
        raise NotFound(N_("There is no number sequence %(key)s"), params={"key": key[:80]})
    return parse_mask(str(ctx.directory.stored_settings.get(f"sequence.{key}") or definition.mask))


def next_value(ctx: Ctx, key: str) -> str:
    """Return the next number of a sequence as text (CT-39)."""
    return reserve(ctx, key, 1)[0]


def reserve(ctx: Ctx, key: str, count: int) -> list[str]:
    """Return the next ``count`` numbers, in order, with one statement."""
    if count < 1:
        return []
    mask, day = mask_of(ctx, key), _today(ctx)
    last = _raise(ctx, key, mask.period(day), by=count)
    return [mask.render(number, day) for number in range(last - count + 1, last + 1)]


def observe(ctx: Ctx, key: str, texts: Iterable[str]) -> None:
    """Take note of numbers given elsewhere (an import with its own codes), so that they are not given again."""
    mask, day = mask_of(ctx, key), _today(ctx)
    numbers = [n for text in texts if text and (n := mask.number(text, day)) is not None and n < 10**15]
    if numbers:
        _raise(ctx, key, mask.period(day), to=max(numbers))


def preview(ctx: Ctx, mask: str) -> str:
    """Return what the first number of a mask looks like today.

    Raises:
        ValueProblem: the mask can't be used.
    """
    return parse_mask(mask).render(1, _today(ctx))


def _today(ctx: Ctx) -> dt.date:
    """Return the day where the deployment is, whoever acts: one period for all."""
    return ctx.now.astimezone(ZoneInfo(ctx.config.timezone)).date()


def _raise(ctx: Ctx, key: str, period: str, *, by: int = 0, to: int = 0) -> int:
    """Raise the counter by a number, or to one; return where it is now."""
    insert = (sqlite if ctx.database.is_sqlite else postgresql).insert(Sequence.__table__)
    column = Sequence.__table__.c.value
    raised = column + by if by else sa.case((column < to, to), else_=column)
    statement = (
        insert.values(key=key, period=period, value=by or to)
        .on_conflict_do_update(index_elements=["key", "period"], set_={"value": raised})
        .returning(column)
    )
    return int(ctx.session.execute(statement, execution_options=KERNEL).scalar_one())
