"""Boards: the records of a list in columns by a choice field, moved by dragging or from a menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import flask

from crm_core import access, records
from crm_core.contributions import Board, EntityDef, FieldDef
from crm_core.errors import CrmError, NotFound, Stale
from crm_core.fieldtypes import Choice, Integer, Money
from crm_core.filters import Cond, Node, and_
from crm_core.i18n import N_, gettext
from crm_core.records import ListQuery, Row
from crm_core.records.grouping import Group, groups
from crm_core.web import listing
from crm_core.web.listing import State
from crm_core.web.request import current, is_fragment, notify
from crm_core.web.values import amount
from crm_core.web.views import views_of

if TYPE_CHECKING:
    from crm_core.context import Ctx

CARDS = 25
"""Cards a column shows; the list shows the others."""


@dataclass(frozen=True)
class Column:
    """One value: its cards, how many there are, and what they add up to."""

    value: str
    label: str
    colour: str
    rows: Sequence[Row]
    count: int
    sums: Sequence[str]
    url: str


@dataclass(frozen=True)
class Sheet:
    """What the template of a board needs."""

    state: State
    field: FieldDef
    columns: Sequence[Column]
    card: Sequence[FieldDef]
    movable: bool

    def url(self, path: str = "", **changes: Any) -> str:
        """Return the address of the board, or of one of its verbs, with the same view, filter and search."""
        found = {k: v for k, v in self.state.params(**changes).items() if v}
        base = f"{self.state.path}/board{path}"
        return f"{base}?{urlencode(found)}" if found else base


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/<entity:definition>/board", "board", page)
    app.add_url_rule("/<entity:definition>/board/move", "board.move", move, methods=["POST"])


def page(definition: EntityDef) -> str:
    """Show the board."""
    return _html(definition, "board/page.html")


def move(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Give a record the value of another column; ``id``, ``value`` and ``version`` are posted."""
    ctx, form = current(), flask.request.form
    record_id, (_, field) = form.get("id", type=int) or 0, board_of(ctx, definition)
    try:
        with ctx.session.begin_nested():
            changed = {field.key: form.get("value") or None}
            records.update(ctx, definition.key, record_id, changed, version=form.get("version", type=int))
    except Stale:
        notify(gettext(N_("Somebody changed this record meanwhile; here it is as it is now")), "warning")
    except NotFound:
        raise
    except CrmError as error:
        ctx.cache.clear()
        notify("\n".join(p.text() for p in error.problems()) or error.text(), "error")
    if not is_fragment():
        return flask.redirect(f"/{definition.slug}/board?{flask.request.query_string.decode('utf-8', 'replace')}", 303)
    return _html(definition, "board/board.html", moved=record_id)


def board_of(ctx: Ctx, definition: EntityDef) -> tuple[Board, FieldDef]:
    """Return the board of an entity and the field its columns are made of.

    Raises:
        NotFound: it has none, or the field is not for the actor.
    """
    board = ctx.registry.view(definition.key).board
    field = ctx.registry.fields(definition.key).get(board.by) if board is not None else None
    known = access.readable(ctx, definition.key)
    if board is None or field is None or field.key not in known or not isinstance(field.type, Choice):
        raise NotFound(N_("%(plural)s have no board"), params={"plural": gettext(definition.plural)})
    return board, field


def _html(definition: EntityDef, template: str, moved: int = 0) -> str:
    ctx = current()
    access.require(ctx, definition.key, "read")
    board, field = board_of(ctx, definition)
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    if state.error is not None:
        raise state.error
    state, columns = listing.tolerant(state, lambda asked: _columns(ctx, asked, board, field))
    sheet = Sheet(
        state, field, columns, _card(ctx, state, board),
        field.key in access.editable(ctx, definition.key),
    )  # fmt: skip
    may_create = definition.creatable and access.allowed(ctx, definition.key, "create")
    return flask.render_template(template, board=sheet, state=state, moved=moved, may_create=may_create)


def _card(ctx: Ctx, state: State, board: Board) -> list[FieldDef]:
    known = listing.available(ctx, state.definition)
    keys = board.card or state.shown.card or state.shown.columns
    return [known[k] for k in keys if k in known and k not in (state.definition.title, board.by)][:5]


def _columns(ctx: Ctx, state: State, board: Board, field: FieldDef) -> list[Column]:
    of = board.sum if board.sum in access.readable(ctx, state.definition.key) else ""
    asked = ListQuery(filter=state.node, q=state.q)
    found = groups(ctx, state.definition.key, asked, field.key, of)
    added = ctx.registry.fields(state.definition.key).get(of)
    columns = []
    for value, (label, colour) in _values(ctx, field, found).items():
        node = state.with_part(Cond(field.key, "=", value) if value else Cond(field.key, "is null"))
        group = found.get(value or None) or Group(value)
        rows = _rows(ctx, state, board, node) if group.count else []
        sums = [_sum(ctx, added, code, total) for code, total in sorted(group.sums.items())] if added else []
        columns.append(Column(value, label, colour, rows, group.count, sums, state.url(node=node)))
    return columns


def _values(ctx: Ctx, field: FieldDef, found: Mapping[Any, Group]) -> dict[str, tuple[str, str]]:
    """Return the values of the columns with their words and colours: those in use, and all that can be chosen."""
    kind: Any = field.type
    values: dict[str, tuple[str, str]] = {}
    if None in found:
        values[""] = (gettext(N_("None")), "")
    if kind.list:
        entries = (e for e in ctx.directory.entries(kind.list) if e.active or e.code in found)
        return {**values, **{e.code: (e.title(), e.colour) for e in entries}}
    return {**values, **{code: (label, "") for code, label in kind.entries(ctx)}}


def _rows(ctx: Ctx, state: State, board: Board, node: Node | None) -> list[Row]:
    wanted = [f.key for f in _card(ctx, state, board)] + listing.fetched(ctx, state)
    query = state.query(list(dict.fromkeys(wanted)))
    asked = ListQuery(
        fields=query.fields, filter=and_(node) if node else None, q=query.q, sort=query.sort, limit=CARDS, count=False,
        editable=True,
    )  # fmt: skip
    return records.list_(ctx, state.definition.key, asked).items


def _sum(ctx: Ctx, field: FieldDef, currency: str, total: Decimal) -> str:
    if isinstance(field.type, Money):
        source = field.type.currency
        return amount(ctx, field, total, {source.removeprefix("field:"): currency} if currency else {})
    return field.type.show(int(total) if isinstance(field.type, Integer) else total, ctx)
