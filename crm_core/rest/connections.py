"""The route of a record's connections."""

from __future__ import annotations

from typing import Any

from crm_core import connections
from crm_core.connections import LIMIT, MAX_DEPTH, MAX_EXPANDED, MAX_LIMIT, Graph, Ref
from crm_core.registry import is_main
from crm_core.rest.routing import Answer, Call, Param, Route, shape

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_DEPTH = Param("depth", "How many steps to go.", {"type": "integer", "minimum": 1, "maximum": MAX_DEPTH, "default": 1})
_LIMIT = Param("limit", "The most records.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT})
_EXPAND = Param(
    "expand",
    f"Records of the graph to look at beyond, as entity:id, separated by commas; at most {MAX_EXPANDED}.",
    {"type": "string", "maxLength": 2000},
)


def show(call: Call) -> Answer:
    """Answer the graph around a record."""
    found = connections.graph(
        call.ctx,
        call.entity.key,
        call.id,
        depth=call.whole("depth") or 1,
        limit=call.whole("limit") or LIMIT,
        expand=connections.refs_of(call.text("expand")),
    )
    return Answer(document(found))


def document(found: Graph) -> dict[str, Any]:
    """Return a graph as JSON shows it."""

    def ref(one: Ref) -> dict[str, Any]:
        return {"entity": one[0], "id": one[1], "title": found.nodes[one].title}

    return {
        "centre": ref(found.centre),
        "depth": found.depth,
        "nodes": [
            {**ref(n.ref), "depth": n.depth, "expanded": n.expanded, "more": n.more} for n in found.nodes.values()
        ],
        "edges": [
            {"from": ref(e.start), "relation": e.label, "reverse": e.reverse, "to": ref(e.end), "way": e.way,
             "value": e.value}
            for e in found.edges
        ],
        "more": {"value": found.more, "exact": found.exact},
    }  # fmt: skip


_REF = {"entity": _TEXT, "id": _WHOLE, "title": _TEXT}
_RECORD = shape("entity id title", **_REF)
_NODE = shape("entity id title depth expanded more", **_REF, depth=_WHOLE, expanded={"type": "boolean"}, more=_WHOLE)
_EDGE = shape(
    "from relation reverse to way value",
    **{"from": _RECORD, "to": _RECORD}, relation=_TEXT, reverse=_TEXT, way=_TEXT, value=_TEXT,
)  # fmt: skip
_GRAPH = shape(
    "centre depth nodes edges more",
    centre=_RECORD, depth=_WHOLE, nodes={"type": "array", "items": _NODE}, edges={"type": "array", "items": _EDGE},
    more=shape("value exact", value=_WHOLE, exact={"type": "boolean"}),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/{slug}/{id}/connections", handler=show, summary="Connections", tag="records",
          parameters=(_DEPTH, _LIMIT, _EXPAND), answers={200: _GRAPH}, applies=is_main,
          help="The records this one belongs to or that belong to it, by all links between records that one may see. "
               "`relation` reads from `from` to `to`, `reverse` the other way. `more` counts records that one may see "
               "and that found no room, at least so many where `exact` is false; the `more` of a record counts those "
               "beside it. A record that is not `expanded` may have connections that were not looked for: name it in "
               "`expand`, or ask for its own."),
)  # fmt: skip
