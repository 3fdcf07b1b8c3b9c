"""Connections: which records belong to which, found from the links between them, whoever described those."""

from crm_core.connections.graph import LIMIT, MAX_DEPTH, MAX_EXPANDED, MAX_LIMIT, Edge, Graph, Node, graph, refs_of
from crm_core.connections.reading import Ref
from crm_core.connections.ways import ways_of

__all__ = [
    "LIMIT",
    "MAX_DEPTH",
    "MAX_EXPANDED",
    "MAX_LIMIT",
    "Edge",
    "Graph",
    "Node",
    "Ref",
    "graph",
    "refs_of",
    "ways_of",
]
