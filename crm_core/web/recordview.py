"""A record page as data: header, status steps, facts by section, actions, tabs and panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from crm_core import access, records
from crm_core.contributions import ActionDef, EntityDef, FieldDef, Panel, Tab, by_weight
from crm_core.db.engine import is_passing
from crm_core.errors import Forbidden
from crm_core.fieldtypes import Choice, Image, LongText, Money
from crm_core.i18n import N_, gettext
from crm_core.isolation import isolated
from crm_core.web import conditions
from crm_core.web.forms import sectioned

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.records import Row

T = TypeVar("T")
SYSTEM_KEYS = ("created_at", "created_by", "updated_at", "updated_by")
HEADER_KEYS = ("tags", "visibility")
SUBTITLE_PARTS = 3


@dataclass(frozen=True)
class Step:
    """One status of the banner; ``state`` is ``past``, ``current`` or ``next``."""

    code: str
    label: str
    colour: str
    state: str


@dataclass(frozen=True)
class Fact:
    """One field of the record for reading."""

    field: FieldDef
    value: Any
    label: Any
    empty: bool

    @property
    def long(self) -> bool:
        """Tell whether the value needs the whole width."""
        return isinstance(self.field.type, LongText)


@dataclass(frozen=True)
class TabView:
    """A tab of the page; ``count`` is ``None`` while it is not known."""

    key: str
    label: str
    count: int | None = None
    plugin: str = ""


@dataclass(frozen=True)
class RecordView:
    """Everything a record page shows but the contents of its tabs."""

    definition: EntityDef
    row: Row
    record: Any
    subtitle: str
    picture: int | None
    status: FieldDef | None
    steps: tuple[Step, ...]
    sections: tuple[tuple[str, str, tuple[Fact, ...]], ...]
    actions: tuple[ActionDef, ...]
    tabs: tuple[TabView, ...]
    panels: tuple[Panel, ...]
    may_edit: bool
    may_share: bool
    may_delete: bool
    may_set_status: bool
    mergeable: bool = False

    @property
    def may_merge(self) -> bool:
        """Tell whether the record may be merged with another of its kind."""
        return self.may_edit and self.mergeable

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"/{self.definition.slug}/{self.row.id}"

    @property
    def hidden_facts(self) -> int:
        """Return how many fields are empty."""
        return sum(fact.empty for _, _, facts in self.sections for fact in facts)


def view(ctx: Ctx, entity: str, record_id: int) -> RecordView:
    """Return the page of a record the actor may read.

    Raises:
        NotFound: the record is not there for the actor.
    """
    definition = ctx.registry.entity(entity)
    row = records.read(ctx, definition.key, record_id, needed(ctx, definition))
    record = records.get(ctx, definition.key, record_id)
    status = _status_field(ctx, definition, row)
    picture = _picture_field(ctx, definition, row)
    known = {definition.title, *SYSTEM_KEYS, *HEADER_KEYS, *(f.key for f in (status, picture) if f)}
    return RecordView(
        definition=definition,
        row=row,
        record=record,
        subtitle=_subtitle(ctx, definition, row, known),
        picture=row.values.get(picture.key) if picture else None,
        status=status,
        steps=tuple(_steps(ctx, status, row)) if status else (),
        sections=tuple(_facts(ctx, definition, row, known)),
        actions=tuple(records.available_actions(ctx, definition.key, record)),
        tabs=tuple(tabs(ctx, definition, record)),
        panels=tuple(_panels(ctx, definition)),
        may_edit=row.editable,
        may_share=row.editable and not definition.follows and "visibility" in access.editable(ctx, definition.key),
        may_delete=access.may(ctx, definition.key, "delete", record),
        mergeable=access.allowed(ctx, definition.key, "delete"),
        may_set_status=status is not None and row.editable and status.key in access.editable(ctx, definition.key),
    )


def _panels(ctx: Ctx, definition: EntityDef) -> Iterable[Panel]:
    mine = (p for p in ctx.registry.of(Panel) if p.entity == definition.key)
    return by_weight(p for p in mine if access.open_to(ctx.directory, ctx.actor, p.plugin))


def needed(ctx: Ctx, definition: EntityDef) -> list[str]:
    """Return the fields a page is made of: not those that would be worked out and shown nowhere."""
    mask = access.readable(ctx, definition.key)
    known = ctx.registry.fields(definition.key).items()
    return [key for key, f in known if key in mask and (f.storage != "computed" or f.on_pages(ctx))]


def _status_field(ctx: Ctx, definition: EntityDef, row: Row) -> FieldDef | None:
    key = ctx.registry.view(definition.key).status
    found = ctx.registry.fields(definition.key).get(key)
    if found is None or key not in row.values or not isinstance(found.type, Choice):
        return None
    return found if conditions.holds(found.visible_if, row.values) else None


def _steps(ctx: Ctx, found: FieldDef, row: Row) -> Iterable[Step]:
    kind: Any = found.type
    current = row.values.get(found.key)
    state = "past" if current else "next"
    entries = {e.code: e for e in ctx.directory.entries(kind.list)} if kind.list else {}
    for code, label in kind.entries(ctx, all=True):
        entry = entries.get(code)
        if entry is not None and not entry.active and code != current:
            continue
        if code == current:
            state = "current"
        yield Step(code, label, entry.colour if entry else "", state)
        if code == current:
            state = "next"


def _picture_field(ctx: Ctx, definition: EntityDef, row: Row) -> FieldDef | None:
    fields = ctx.registry.fields(definition.key).values()
    return next((f for f in fields if isinstance(f.type, Image) and f.key in row.values), None)


def _subtitle(ctx: Ctx, definition: EntityDef, row: Row, known: set[str]) -> str:
    parts = []
    for key in ctx.registry.view(definition.key).card:
        if key in known or key not in row.values:
            continue
        label = row.labels.get(key)
        text = label if isinstance(label, str) else ""
        parts.append(text or ctx.registry.field(definition.key, key).type.show(row.values[key], ctx))
    return " · ".join([part for part in parts if part][:SUBTITLE_PARTS])


def _facts(ctx: Ctx, definition: EntityDef, row: Row, known: set[str]) -> Iterable[tuple[str, str, tuple[Fact, ...]]]:
    shown = [
        f
        for f in ctx.registry.fields(definition.key).values()
        if f.key in row.values and f.key not in known and f.on_pages(ctx) and conditions.holds(f.visible_if, row.values)
    ]
    for key, title, members in sectioned(ctx, definition.key, shown):
        yield key, title, tuple(_fact(f, row) for f in members)


def _fact(found: FieldDef, row: Row) -> Fact:
    value, label = row.values.get(found.key), row.labels.get(found.key)
    if isinstance(found.type, Money):
        label = _currency(found.type, row)
    empty = value is None or value in ("", [], {}) or value is False
    return Fact(found, value, label, empty)


def _currency(kind: Money, row: Row) -> str:
    source = kind.currency
    return row.values.get(source.removeprefix("field:")) or "" if source.startswith("field:") else source


def tabs(ctx: Ctx, definition: EntityDef, record: Any, *, counted: bool = False) -> Iterable[TabView]:
    """Yield the tabs of a record: activity, what plugins add, history.

    Args:
        ctx: The operation.
        definition: The entity.
        record: The record.
        counted: Whether to ask plugins for counts, which may take time.
    """
    yield TabView("activity", gettext(N_("Activity")))
    for tab in plugin_tabs(ctx, definition, record):
        count = None
        if counted and tab.count is not None:
            count = _count(ctx, tab, record)
        yield TabView(tab.key, gettext(tab.label), count, tab.plugin)
    yield TabView("history", gettext(N_("History")))


def _count(ctx: Ctx, tab: Tab, record: Any) -> int | None:
    count = tab.count
    return guarded(ctx, tab.plugin, f"tab {tab.key}", lambda: count(ctx, record) if count else None, None)


def plugin_tabs(ctx: Ctx, definition: EntityDef, record: Any) -> list[Tab]:
    """Return the tabs plugins add to a record, by weight."""
    mine = (t for t in ctx.registry.of(Tab) if t.entity == definition.key)
    found = by_weight(t for t in mine if access.open_to(ctx.directory, ctx.actor, t.plugin))
    return [t for t in found if t.visible is None or _is_visible(ctx, t, record)]


def _is_visible(ctx: Ctx, tab: Tab, record: Any) -> bool:
    shown = tab.visible
    return shown is not None and bool(guarded(ctx, tab.plugin, f"tab {tab.key}", lambda: shown(ctx, record), False))


def guarded(
    ctx: Ctx,
    plugin: str,
    where: str,
    function: Callable[[], T],
    otherwise: T,
    refused: Callable[[Forbidden], T] | None = None,
) -> T:
    """Return what a plugin's function returns; when it raises, the failure is noted and the page goes on.

    ``Forbidden`` is an answer and no failure: nothing is noted, and ``refused`` (or ``otherwise``) stands in its place.

    Raises:
        Exception: the database is busy or gone, which is no module's failure.
    """
    try:
        with isolated(ctx.session):
            return function()
    except Forbidden as error:
        return otherwise if refused is None else refused(error)
    except Exception as error:
        if is_passing(error):
            raise
        ctx.registry.hooks.incident(plugin, where, error)
        return otherwise


def shown_text(ctx: Ctx, found: FieldDef, values: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    """Return a field's value as one line of text."""
    label = labels.get(found.key)
    if isinstance(label, Mapping):
        return ", ".join(label.values())
    return label or found.type.show(values.get(found.key), ctx)
