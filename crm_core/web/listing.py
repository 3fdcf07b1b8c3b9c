"""The state of a list page: what its address and its view ask for, and the addresses of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from crm_core import access, filters
from crm_core.contributions import EntityDef, FieldDef, ViewDef
from crm_core.errors import FilterError, ModuleOff
from crm_core.fieldtypes import Image
from crm_core.filters import And, Node, and_, from_query, parse, simplify, to_text
from crm_core.filters.query import RESERVED
from crm_core.i18n import N_, gettext
from crm_core.records import ListQuery, parse_sort
from crm_core.web import preferences
from crm_core.web.request import notify
from crm_core.web.views import ALL, View, chosen_view

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from crm_core.context import Ctx

OWN = ("view", "columns", "look", "group", "before", "csrf_token")
LOOKS = ("list", "cards")
PAGE_SIZE = 50
MAX_COLUMNS = 30
MANY, CROWD = 10, 16
"""Tables with more columns than this scroll sideways."""

WEIGHTS: Mapping[str, int] = {
    "choice": 12, "date": 10, "datetime": 14, "email": 19, "phone": 15, "user": 16, "tags": 15, "money": 12,
    "percent": 8, "integer": 8, "decimal": 10, "rating": 10, "boolean": 8, "link": 19, "team": 12, "url": 16,
    "lines": 18, "links": 18, "users": 16, "multichoice": 15,
}  # fmt: skip
"""Widths of columns by type, relative to each other."""
TITLE_WEIGHT, STATUS_WEIGHT, OTHER_WEIGHT = 23, 27, 13
NUMBERS = frozenset({"integer", "decimal", "money", "percent", "duration"})

T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column of the list."""

    key: str
    field: FieldDef
    width: float
    sort: str = ""
    """``ascending``, ``descending`` or nothing."""
    url: str = ""

    @property
    def label(self) -> str:
        """Return the heading."""
        return self.field.title()

    @property
    def number(self) -> bool:
        """Tell whether values are set to the right."""
        return self.field.type.name in NUMBERS


@dataclass(frozen=True)
class State:
    """Everything a list page depends on. ``text`` is the filter as typed, kept when it can't be read."""

    definition: EntityDef
    shown: ViewDef
    views: Sequence[View]
    view: View
    columns: tuple[str, ...]
    q: str = ""
    node: Node | None = None
    text: str = ""
    error: FilterError | None = None
    sort: str = ""
    look: str = "list"
    group: str = ""
    after: str | None = None
    before: str | None = None
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Return the address without parameters."""
        return f"/{self.definition.slug}"

    @property
    def changed(self) -> bool:
        """Tell whether filter, order or grouping differ from the view's."""
        own = (text_of(self.view.filter), self.view.sort, self.view.group)
        return (text_of(self.node), self.sort, self.group) != own

    def params(self, **changes: Any) -> dict[str, str]:
        """Return the parameters of the same list with changes; ``node`` sets the filter. Pages start anew."""
        node = changes.pop("node", self.node)
        view = changes.pop("view", self.view.key)
        values = {"q": self.q, "sort": self.sort, "look": self.look, "group": self.group, **changes}
        base = next((v for v in self.views if v.key == view), self.view)
        found = {"view": view, "q": values["q"]}
        if text_of(node) != text_of(base.filter):
            found["filter"] = text_of(node)
        for name in ("sort", "group", "look"):
            if values[name] != getattr(base, name) and not (name == "look" and values[name] == (base.look or "list")):
                found[name] = values[name]
        found.update({k: v for k, v in values.items() if k in ("after", "before") and v})
        return {k: v for k, v in found.items() if v or (k in ("filter", "sort", "group") and getattr(base, k, ""))}

    def url(self, **changes: Any) -> str:
        """Return the address of the same list with changes."""
        found = self.params(**changes)
        return f"{self.path}?{urlencode(found)}" if found else self.path

    def with_part(self, part: Node | None, *, instead_of: Node | None = None) -> Node | None:
        """Return the filter with one top-level part added, replaced or (``part=None``) removed."""
        kept = [p for p in parts_of(self.node) if p != instead_of]
        new = [*kept, part] if part is not None else kept
        return and_(*new) if new else None

    def query(self, fields: Sequence[str]) -> ListQuery:
        """Return what the records are asked for."""
        sort = parse_sort(self.sort or self.shown.sort)
        if self.group:
            sort = ((self.group, False), *(s for s in sort if s[0] != self.group))
        return ListQuery(
            fields=tuple(fields), filter=self.node, q=self.q, sort=sort, limit=PAGE_SIZE, after=self.after,
            before=self.before, editable=True,
        )  # fmt: skip


def text_of(node: Node | None) -> str:
    """Return a filter in the filter language, nothing for no filter."""
    return to_text(node) if node is not None else ""


def everything() -> View:
    """Return the view without a filter."""
    return View(ALL, "")


def parts_of(node: Node | None) -> tuple[Node, ...]:
    """Return the parts of a filter that must all hold."""
    if node is None:
        return ()
    found = simplify(node)
    return found.parts if isinstance(found, And) else (found,)


def read_state(ctx: Ctx, definition: EntityDef, args: MultiDict[str, str], views: Sequence[View]) -> State:
    """Return the state an address asks for; an unreadable filter is kept beside its error."""
    given = {k for k in args if k not in ("after", "before")}
    view = chosen_view(views, args.get("view"), definition.key, plain=not given)
    shown = ctx.registry.view(definition.key)
    state = State(
        definition=definition, shown=shown, views=views, view=view, columns=columns_of(ctx, definition, view, args),
        q=args.get("q", "")[:200].strip(), sort=args.get("sort", view.sort), group=args.get("group", view.group),
        look=look_of(definition, view, args), after=args.get("after"), before=args.get("before"), node=view.filter,
    )  # fmt: skip
    text = args.get("filter")
    try:
        node = view.filter if text is None else parse(text) if text.strip() else None
        asked = from_query(args.items(multi=True), reserved=(*RESERVED, *OWN))
        return replace(state, node=_both(node, asked))
    except FilterError as error:
        return replace(state, text=text or "", error=error)


def _both(node: Node | None, asked: Node | None) -> Node | None:
    return and_(node, asked) if node is not None and asked is not None else node or asked


def look_of(definition: EntityDef, view: View, args: MultiDict[str, str]) -> str:
    """Return ``list`` or ``cards``: as asked, as the view says, as the person last chose."""
    wanted = args.get("look") or view.look or preferences.preference("look", definition.key)
    return wanted if wanted in LOOKS else LOOKS[0]


def without(state: State, path: str) -> State:
    """Return the state of a list that neither asks for a field, nor sorts or groups by it, nor is in its middle."""
    node = filters.without(state.node, path) if state.node is not None else None
    keys = (state.sort or state.shown.sort).split(",")
    kept = [key for key in keys if key.strip().lstrip("-+") != path]
    sort = state.sort if kept == keys else ",".join(kept) or "id"
    group = "" if state.group == path else state.group
    return replace(state, node=node, sort=sort, group=group, after=None, before=None)


def tolerant(state: State, read: Callable[[State], T]) -> tuple[State, T]:
    """Read what a page shows; what it asks of a module that is off is left out and told.

    Only for what is shown: what is changed or taken out by a filter is refused instead.

    Raises:
        ModuleOff: it is not the filter, the order or the grouping that asks for it.
    """
    try:
        return state, read(state)
    except ModuleOff as error:
        left = without(state, str(error.field))
        if left == state:
            raise
        notify(gettext(N_("%(reason)s; the list is shown without it"), reason=error.text()), "warning")
        return tolerant(left, read)


# ---------------------------------------------------------------- columns


def columns_key(definition: EntityDef, view: View) -> str:
    """Return where the columns of a view are kept among the preferences."""
    return f"{definition.key}:{view.key}" if view.saved else definition.key


def available(ctx: Ctx, definition: EntityDef) -> dict[str, FieldDef]:
    """Return the fields that can be columns for the actor."""
    mask = access.readable(ctx, definition.key)
    return {
        key: f
        for key, f in ctx.registry.fields(definition.key).items()
        if key in mask and not f.hidden and f.storage != "computed" and not isinstance(f.type, Image)
    }


def columns_of(ctx: Ctx, definition: EntityDef, view: View, args: MultiDict[str, str]) -> tuple[str, ...]:
    """Return the keys of the columns: as asked, as the person chose, as the view says; the title always."""
    asked = [c.strip() for c in args.get("columns", "").split(",") if c.strip()]
    kept = preferences.preference("columns", columns_key(definition, view))
    wanted = asked or kept or view.columns or ctx.registry.view(definition.key).columns
    known = available(ctx, definition)
    found = [key for key in dict.fromkeys(wanted) if key in known][:MAX_COLUMNS]
    return tuple(found if definition.title in found else [definition.title, *found])


def make_columns(ctx: Ctx, state: State) -> list[Column]:
    """Return the columns with their widths (percent) and the addresses that sort by them."""
    known = ctx.registry.fields(state.definition.key)
    fields = [known[key] for key in state.columns]
    weights = [_weight(state, f) for f in fields]
    order = dict(parse_sort(state.sort or state.shown.sort)[:1])
    found = []
    for f, weight in zip(fields, weights, strict=True):
        present = "" if f.key not in order else "descending" if order[f.key] else "ascending"
        target = f"-{f.key}" if present == "ascending" else f.key
        url = state.url(sort=target) if f.sortable else ""
        found.append(Column(f.key, f, round(100 * weight / sum(weights), 2), present, url))
    return found


def _weight(state: State, found: FieldDef) -> int:
    if found.key == state.definition.title:
        return TITLE_WEIGHT
    return STATUS_WEIGHT if found.key == state.shown.status else WEIGHTS.get(found.type.name, OTHER_WEIGHT)


def fetched(ctx: Ctx, state: State) -> list[str]:
    """Return the fields a page of rows needs: columns, card, status, picture, currencies of amounts."""
    known, mask = ctx.registry.fields(state.definition.key), access.readable(ctx, state.definition.key)
    wanted = [*state.columns, state.shown.status, state.group]
    if state.look == "cards":
        wanted += state.shown.card
    wanted += [f.key for f in known.values() if isinstance(f.type, Image)][:1]
    for key in list(wanted):
        tone = known[key].tone if key in known else None
        wanted += tone.needs if tone is not None else ()
        source = str(getattr(known[key].type, "currency", "")) if key in known else ""
        if source.startswith("field:"):
            wanted.append(source.removeprefix("field:"))
    return [k for k in dict.fromkeys(wanted) if k in known and k in mask]
