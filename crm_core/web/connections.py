"""The tab of a record's connections: the graph's data, and the same as a table for those who don't see a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import flask

from crm_core import connections
from crm_core.connections import MAX_DEPTH, MAX_EXPANDED, Graph, Ref
from crm_core.errors import BadRequest
from crm_core.i18n import gettext
from crm_core.text import sort_key
from crm_core.web.request import is_fragment

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef

KEY = "connections"
COLUMNS = ("from", "relation", "to")


@dataclass(frozen=True)
class View:
    """What the tab was asked for. What can't be read in the address is left out: a page is shown all the same."""

    definition: EntityDef
    record_id: int
    depth: int
    expand: tuple[Ref, ...]
    sort: str

    def address(self, *, part: bool, depth: int = 0, expand: tuple[Ref, ...] | None = None, sort: str = "") -> str:
        """Return the address of the page, or of its part alone, with something changed."""
        chosen = self.expand if expand is None else expand
        wanted = {
            "tab": "" if part else KEY,
            "depth": depth or self.depth,
            "expand": ",".join(f"{entity}:{number}" for entity, number in chosen),
            "sort": sort or self.sort,
        }
        path = f"/{self.definition.slug}/{self.record_id}" + (f"/tab/{KEY}" if part else "")
        return f"{path}?{urlencode({k: v for k, v in wanted.items() if v}, safe=':,')}"

    def toggled(self, ref: Ref) -> tuple[Ref, ...]:
        """Return the expanded records with one more, or without it."""
        return tuple(r for r in self.expand if r != ref) if ref in self.expand else (*self.expand, ref)


def asked(definition: EntityDef, record_id: int) -> View:
    """Return what the address of the request asks for."""
    args = flask.request.args
    depth, sort = args.get("depth", 1, type=int), args.get("sort", "")
    try:
        expand = connections.refs_of(args.get("expand", ""))
    except BadRequest:
        expand = []
    return View(
        definition,
        record_id,
        depth if 1 <= depth <= MAX_DEPTH else 1,
        tuple(dict.fromkeys(expand))[:MAX_EXPANDED],
        sort if sort.removeprefix("-") in COLUMNS else "",
    )


def tab(ctx: Ctx, record: Any) -> str:
    """Return the tab's contents; where only they were asked for, the address of the page goes along."""
    definition: Any = ctx.registry.entity_of(type(record))
    view = asked(definition, record.id)
    if is_fragment():
        page = view.address(part=False)

        @flask.after_this_request
        def tell(response: flask.Response) -> flask.Response:
            response.headers["HX-Push-Url"] = page
            return response

    found = connections.graph(ctx, definition.key, record.id, depth=view.depth, expand=view.expand)
    drawing = drawn(ctx, view, found)
    return flask.render_template(
        "record/connections.html",
        view=view,
        graph=found,
        drawing=drawing,
        icons=sorted({node.head.icon for node in found.nodes.values()}),
        rows=rows(found, view.sort),
        columns=COLUMNS,
        depths=range(1, MAX_DEPTH + 1),
    )


def drawn(ctx: Ctx, view: View, found: Graph) -> dict[str, Any]:
    """Return what the browser draws: records by number, and what leads from one to another."""
    numbers = {ref: number for number, ref in enumerate(found.nodes)}
    nodes = []
    for ref, node in found.nodes.items():
        definition = ctx.registry.entities[ref[0]]
        free = not node.expanded and len(view.expand) < MAX_EXPANDED
        nodes.append(
            {
                "key": f"{ref[0]}:{ref[1]}",
                "title": node.title,
                "kind": gettext(definition.label),
                "icon": node.head.icon,
                "url": f"/{definition.slug}/{ref[1]}",
                "more": node.more,
                "expanded": node.expanded,
                "toggle": view.address(part=True, expand=view.toggled(ref)) if free or ref in view.expand else "",
            }
        )
    edges = [{"from": numbers[e.start], "to": numbers[e.end], "label": e.label} for e in found.edges]
    return {"nodes": nodes, "edges": edges}


def rows(found: Graph, sort: str) -> list[tuple[Ref, str, Ref]]:
    """Return the rows of the table: in the order of the graph, or by one of the columns."""
    lines = [(e.start, e.label, e.end) for e in found.edges]
    if not sort:
        return lines

    def text(row: tuple[Ref, str, Ref]) -> str:
        shown = (found.nodes[row[0]].title, row[1], found.nodes[row[2]].title)
        return sort_key(shown[COLUMNS.index(sort.removeprefix("-"))]) or ""

    return sorted(lines, key=text, reverse=sort.startswith("-"))
