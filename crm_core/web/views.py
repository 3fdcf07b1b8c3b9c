"""Views of a list: those a plugin ships and those people save; which one is shown first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import FilterError, Forbidden, Invalid, NotFound, Problem
from crm_core.filters import Node, from_json, parse, to_json
from crm_core.i18n import N_, gettext
from crm_core.models import SavedView
from crm_core.web import preferences

if TYPE_CHECKING:
    from crm_core.context import Ctx

ALL = "all"
NAME_LENGTH = 80
MAX_VIEWS = 100


@dataclass(frozen=True)
class View:
    """One view: ``key`` is ``all``, a shipped filter's key, or the number of a saved one."""

    key: str
    label: str
    filter: Node | None = None
    sort: str = ""
    columns: tuple[str, ...] = ()
    look: str = ""
    group: str = ""
    saved: bool = False
    mine: bool = False
    shared: bool = False
    problem: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def views_of(ctx: Ctx, definition: EntityDef) -> list[View]:
    """Return the views of an entity: everything, the shipped ones, one's own and shared ones (one statement)."""
    shipped = [_shipped(s) for s in ctx.registry.view(definition.key).saved]
    query = (
        sa.select(SavedView.id, SavedView.name, SavedView.user_id, SavedView.shared, SavedView.spec)
        .where(SavedView.entity == definition.key, sa.or_(SavedView.user_id == ctx.actor.id, SavedView.shared))
        .order_by(SavedView.name, SavedView.id)
        .limit(MAX_VIEWS)
    )
    rows = ctx.session.execute(query, execution_options=KERNEL).all()
    every = [] if any(v.key == ALL for v in shipped) else [View(ALL, gettext(N_("All")))]
    return [*every, *shipped, *(_saved(ctx, row) for row in rows)]


def _shipped(found: Any) -> View:
    return View(found.key, gettext(found.label), _parsed(found.filter) if found.filter else None, found.sort)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Node:
    return parse(text)


def _saved(ctx: Ctx, row: Any) -> View:
    spec: Mapping[str, Any] = row.spec or {}
    node, problem = None, ""
    try:
        node = from_json(spec["filter"]) if spec.get("filter") else None
    except FilterError as error:
        problem = error.text()
    return View(
        key=str(row.id), label=row.name, filter=node, sort=str(spec.get("sort", "")),
        columns=tuple(spec.get("columns", ())), look=str(spec.get("look", "")), group=str(spec.get("group", "")),
        saved=True, mine=row.user_id == ctx.actor.id, shared=row.shared, problem=problem,
    )  # fmt: skip


def chosen_view(views: Sequence[View], key: str | None, entity: str, *, plain: bool) -> View:
    """Return the view to show: the one named, else on a plain visit the default one, else everything.

    Raises:
        NotFound: no such view for this person.
    """
    wanted = key if key is not None else (preferences.preference("default_view", entity) if plain else None)
    found = next((v for v in views if v.key == (wanted or ALL)), None)
    if found is None and key is not None:
        raise NotFound(N_("There is no such view, or it is no longer shared"))
    return found or views[0]


def spec_of(node: Node | None, sort: str, columns: Sequence[str], look: str, group: str) -> dict[str, Any]:
    """Return what a saved view keeps."""
    spec: dict[str, Any] = {"sort": sort, "columns": list(columns), "look": look, "group": group}
    return {**{k: v for k, v in spec.items() if v}, **({"filter": to_json(node)} if node is not None else {})}


def save(ctx: Ctx, entity: str, name: str, spec: Mapping[str, Any], *, shared: bool = False) -> int:
    """Save a new view and return its number; one's own view of the same name is replaced.

    Raises:
        Invalid: no name, or one that is too long.
        Forbidden: only administrators share.
    """
    name = _checked_name(name)
    _check_share(ctx, shared)
    mine = sa.select(SavedView).where(
        SavedView.entity == entity, SavedView.user_id == ctx.actor.id, SavedView.name == name
    )
    row = ctx.session.scalar(mine, execution_options=KERNEL)
    if row is None:
        row = SavedView(entity=entity, user_id=ctx.actor.id, name=name)
        ctx.session.add(row)
    row.spec, row.shared = dict(spec), shared
    ctx.session.flush()
    return row.id


def change(
    ctx: Ctx,
    view_id: int,
    *,
    name: str | None = None,
    shared: bool | None = None,
    spec: Mapping[str, Any] | None = None,
) -> None:
    """Rename, share or fill a saved view anew.

    Raises:
        NotFound: not there, or another person's that one may not change.
        Invalid: no name, or one that is too long.
        Forbidden: only administrators share.
    """
    row = own_view(ctx, view_id)
    if name is not None:
        row.name = _checked_name(name)
    if shared is not None and shared != row.shared:
        _check_share(ctx, shared)
        row.shared = shared
    if spec is not None:
        row.spec = dict(spec)
    ctx.session.flush()


def delete(ctx: Ctx, view_id: int) -> None:
    """Delete a saved view.

    Raises:
        NotFound: not there, or another person's.
    """
    row = own_view(ctx, view_id)
    ctx.session.delete(row)
    ctx.session.flush()


def own_view(ctx: Ctx, view_id: int) -> Any:
    """Return a view's row if it is one's own; administrators change shared ones too.

    Raises:
        NotFound: neither.
    """
    row = ctx.session.get(SavedView, view_id, execution_options=KERNEL)
    if row is None or not (row.user_id == ctx.actor.id or (row.shared and ctx.actor.is_admin)):
        raise NotFound(N_("There is no such view, or it is no longer shared"))
    return row


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid([Problem("name", "required", N_("Please give the view a name"))])
    if len(name) > NAME_LENGTH:
        raise Invalid([Problem("name", "too_long", N_("At most %(n)s characters, please"), {"n": NAME_LENGTH})])
    return name


def _check_share(ctx: Ctx, shared: bool) -> None:
    if shared and not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators share views with everyone"))
