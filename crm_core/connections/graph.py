"""A record with the records around it: a bounded graph, grown step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from crm_core.connections import reading
from crm_core.connections.reading import Head, Link, Ref
from crm_core.errors import BadRequest, NotFound
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_DEPTH = 3
LIMIT, MAX_LIMIT = 100, 300
MAX_EXPANDED = 20
ROOM = 20
"""How many records more each expanded one makes room for."""


@dataclass
class Node:
    """A record of the graph.

    ``depth`` tells how many steps it is from the middle. ``expanded``: its own connections were looked for; ``more`` of
    the records they lead to found no room.
    """

    ref: Ref
    head: Head
    depth: int
    expanded: bool = False
    more: int = 0

    @property
    def title(self) -> str:
        """Return the record's name."""
        return self.head.title


@dataclass(frozen=True)
class Edge:
    """A connection: what ``start`` is to ``end``, in words, and ``reverse``, the other way round."""

    start: Ref
    end: Ref
    label: str
    reverse: str
    way: str
    value: str


@dataclass
class Graph:
    """Records and their connections.

    ``more`` visible records found no room, at least so many unless ``exact``.
    """

    centre: Ref
    depth: int
    nodes: dict[Ref, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    more: int = 0
    exact: bool = True


def graph(
    ctx: Ctx, entity: str, record_id: int, *, depth: int = 1, limit: int = LIMIT, expand: Sequence[Ref] = ()
) -> Graph:
    """Return what a record is connected with, as far as the actor may see it.

    Each step sends a number of statements that depends on the kinds of connections, not on the records.

    Args:
        ctx: the operation.
        entity: the record's entity, by key or slug.
        record_id: the record in the middle.
        depth: how many steps to go, 1 to 3.
        limit: the most records, without those that expanded ones add.
        expand: records to look at beyond; those that are not in the graph are left alone.

    Raises:
        NotFound: the actor may not see the record, or it is of a kind that others only refer to.
        BadRequest: a bound is out of range.
    """
    definition = ctx.registry.entity(entity)
    _check(depth, limit, expand)
    centre: Ref = (definition.key, record_id)
    head = reading.heads(ctx, [centre]).get(centre)
    if head is None:
        raise NotFound
    growing = _Growing(ctx, Graph(centre, depth, {centre: Node(centre, head, 0)}), limit)
    for _ in range(depth):
        growing.expand([ref for ref, node in growing.graph.nodes.items() if not node.expanded])
    growing.limit = max(limit, len(growing.graph.nodes)) + ROOM * len(expand)
    while wanted := [n.ref for r in expand if (n := growing.graph.nodes.get(r)) is not None and not n.expanded]:
        growing.expand(wanted)
    return growing.done()


def refs_of(text: str) -> list[Ref]:
    """Return records written as ``entity:id`` and separated by commas.

    Raises:
        BadRequest: one is not of this form.
    """
    found: list[Ref] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        entity, _, number = part.partition(":")
        if not (entity and number.isascii() and number.isdigit() and len(number) < 16):
            message = N_("%(value)s: name a record as entity:id, such as contacts.contact:12")
            raise BadRequest(message, field="expand", params={"value": part[:80]})
        found.append((entity, int(number)))
    return found


def _check(depth: int, limit: int, expand: Sequence[Ref]) -> None:
    for name, value, high in (("depth", depth, MAX_DEPTH), ("limit", limit, MAX_LIMIT)):
        if not 1 <= value <= high:
            message = N_("%(name)s: give a whole number from %(low)s to %(high)s")
            raise BadRequest(message, field=name, params={"name": name, "low": 1, "high": high})
    if len(expand) > MAX_EXPANDED:
        message = N_("At most %(high)s records can be expanded at a time")
        raise BadRequest(message, field="expand", params={"high": MAX_EXPANDED})


@dataclass
class _Growing:
    """A graph that grows: ``links`` are visible ones, ``outside`` what found no room, by who is beside it."""

    ctx: Ctx
    graph: Graph
    limit: int
    links: dict[Link, None] = field(default_factory=dict)
    heads: dict[Ref, Head] = field(default_factory=dict)
    outside: dict[Ref, set[Ref]] = field(default_factory=lambda: defaultdict(set))

    def expand(self, refs: Sequence[Ref]) -> None:
        """Look for the connections of records of the graph; all of them in one step."""
        if not refs:
            return
        nodes, found = self.graph.nodes, reading.step(self.ctx, refs)
        unknown = {ref for link in found.links for ref in (link.start, link.end)} - set(nodes) - set(self.heads)
        self.heads.update(reading.heads(self.ctx, unknown))
        self.graph.exact = self.graph.exact and found.exact
        visible = [k for k in found.links if all(r in nodes or r in self.heads for r in (k.start, k.end))]
        self.links.update(dict.fromkeys(visible))
        for near, far in _in_turn(visible, refs):
            if far in nodes:
                continue
            if len(nodes) < self.limit:
                nodes[far] = Node(far, self.heads[far], nodes[near].depth + 1)
            else:
                self.outside[near].add(far)
        for ref in refs:
            nodes[ref].expanded = True

    def done(self) -> Graph:
        """Return the graph with its connections in words."""
        found, nodes = self.graph, self.graph.nodes
        for ref, others in self.outside.items():
            nodes[ref].more = len(others - set(nodes))
        found.more = len(set().union(*self.outside.values()) - set(nodes))
        within = (link for link in self.links if link.start in nodes and link.end in nodes and link.start != link.end)
        edges = {Edge(k.start, k.end, *k.way.words(self.ctx, k.value), k.way.key, k.value or "") for k in within}
        order = {ref: position for position, ref in enumerate(nodes)}
        found.edges = sorted(edges, key=lambda e: (*sorted((order[e.start], order[e.end])), e.label, order[e.start]))
        return found


def _in_turn(links: Sequence[Link], refs: Sequence[Ref]) -> Iterator[tuple[Ref, Ref]]:
    """Yield pairs of a record and one beside it, so that every record, and every kind of connection, gets its share."""
    wanted = set(refs)
    queues: dict[tuple[Ref, str], dict[Ref, None]] = {}
    for link in links:
        for near, far in ((link.start, link.end), (link.end, link.start)):
            if near in wanted:
                queues.setdefault((near, link.way.key), {})[far] = None
    turns = ([(near, far) for far in fars] for (near, _), fars in queues.items())
    return (pair for pair in chain.from_iterable(zip_longest(*turns)) if pair is not None)
