"""A deployment with kinds of record of the tests' own, and a program that asks for connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import connections, kernel, search_index
from crm_core.connections import Graph
from crm_core.db import Base
from crm_core.testing.deployments import TestDeployment
from tests.connections.bonds import CONTACT, MODELS, PARTS

OWN = kernel.contributions


@pytest.fixture
def crm(crm: TestDeployment, monkeypatch: pytest.MonkeyPatch) -> TestDeployment:
    """A deployment with the tests' own kinds of record."""
    monkeypatch.setattr(kernel, "contributions", lambda: (*OWN(), *PARTS))
    names = [name for model in MODELS for name in (model.__tablename__, f"{model.__tablename__}_link")]
    Base.metadata.create_all(crm.database.engine, tables=[Base.metadata.tables[name] for name in names])
    with crm.database.engine.begin() as connection:
        for model in MODELS:
            for statement in search_index.create_statements(crm.database.dialect, model.__tablename__):
                connection.exec_driver_sql(statement)
    crm.refresh(force=True)
    return crm


@pytest.fixture
def company(crm: TestDeployment) -> Callable[..., int]:
    """Make a company that everybody may read."""

    def make(name: str, **values: Any) -> int:
        return crm.make(CONTACT, kind="company", name=name, **{"visibility": "read", **values})

    return make


@pytest.fixture
def graph_of(crm: TestDeployment) -> Callable[..., Graph]:
    """Return the graph around a record, as the administrator unless somebody is named."""

    def ask(entity: str, record: int, *, by: int | None = None, **options: Any) -> Graph:
        with crm.as_user(by or crm.admin, write=False) as ctx:
            return connections.graph(ctx, entity, record, **options)

    return ask


def lines(graph: Graph) -> set[tuple[str, str, str]]:
    """Return the connections of a graph as (from, words, to)."""
    return {(graph.nodes[e.start].title, e.label, graph.nodes[e.end].title) for e in graph.edges}
