"""Plugin code with an actor's session in its hands can't read what the actor may not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

from crm_core import history, records
from crm_core import models as m
from crm_core.errors import UnscopedStatement
from tests.kernel.conftest import ADMIN, ANN, Small
from tests.kernel.zoo import Shelf, ShelfLabel

T = Shelf.__table__


@pytest.fixture
def hidden(small: Small) -> int:
    """A private record of the administrator with a label, a child and a comment; a public one beside it."""
    with small.operation(ADMIN) as ctx:
        values = {"name": "Secret", "visibility": "private", "labels": ["whisper"]}
        found = records.create(ctx, "attic.shelf", values)
        records.create(ctx, "attic.shelf", {"name": "Open", "labels": ["shout"], "parent": found.id})
        return found.id


SCOPED: dict[str, Callable[[], Any]] = {
    "entity": lambda: sa.select(Shelf.name),
    "aliased": lambda: sa.select(aliased(Shelf).name),
    "count": lambda: sa.select(sa.func.count()).select_from(Shelf),
    "exists": lambda: sa.select(sa.literal(1)).where(sa.select(Shelf.id).where(Shelf.name == "Secret").exists()),
    "subquery": lambda: sa.select(sa.select(Shelf.name).subquery().c.name),
    "label": lambda: sa.select(ShelfLabel.text),
    "join": lambda: sa.select(ShelfLabel.text).join(Shelf, Shelf.id == ShelfLabel.parent_id),
    "maximum": lambda: sa.select(sa.func.max(Shelf.id)),
}


@pytest.mark.parametrize("name", SCOPED)
def test_selects_are_limited_to_what_the_actor_sees(small: Small, hidden: int, name: str) -> None:
    with small.operation(ANN) as ctx:
        rows = [str(r[0]) for r in ctx.session.execute(SCOPED[name]())]
    assert not {"Secret", "whisper", "2"} & set(rows) or name == "maximum"
    assert rows == SEEN[name]


def test_a_record_by_its_id_is_not_there(small: Small, hidden: int) -> None:
    with small.operation(ANN) as ctx:
        assert ctx.session.get(Shelf, hidden) is None


def test_eager_loading_is_limited_too(small: Small, hidden: int) -> None:
    with small.operation(ANN) as ctx:
        for how in (selectinload, joinedload):
            found = ctx.session.scalars(sa.select(Shelf).options(how(Shelf.labels))).unique()
            assert [line.text for shelf in found for line in shelf.labels] == ["shout"]


SEEN = {
    "entity": ["Open"], "aliased": ["Open"], "count": ["1"], "exists": [], "subquery": ["Open"], "label": ["shout"],
    "join": ["shout"], "maximum": ["2"],
}  # fmt: skip


REFUSED: dict[str, Callable[[], Any]] = {
    "core select": lambda: sa.select(T.c.name),
    "core count": lambda: sa.select(sa.func.count()).select_from(T),
    "core alias": lambda: sa.select(Shelf.id).join(T.alias("z"), sa.true()),
    "core exists": lambda: sa.select(sa.literal(1)).where(sa.exists().where(T.c.name == "Secret")),
    "union": lambda: sa.select(Shelf.name).union(sa.select(Shelf.name)),
    "text": lambda: sa.text("select name from attic_shelf"),
    "text inside": lambda: sa.select(Shelf.id).where(sa.text("1 = 1")),
    "update": lambda: sa.update(Shelf).values(name="x"),
    "delete": lambda: sa.delete(Shelf),
    "insert": lambda: sa.insert(Shelf).values(name="x"),
    "links": lambda: sa.select(Shelf.__links__.c.target_id),
    "history": lambda: sa.select(m.Change),
    "comments": lambda: sa.select(m.Comment.body),
    "passwords": lambda: sa.select(m.User.password_hash),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_limited_is_refused(small: Small, hidden: int, name: str) -> None:
    with small.operation(ANN) as ctx, pytest.raises(UnscopedStatement):
        ctx.session.execute(REFUSED[name]())


def test_no_raw_connection(small: Small) -> None:
    with small.operation(ANN) as ctx, pytest.raises(UnscopedStatement):
        ctx.session.connection()


def test_lifting_permissions_is_written_down(small: Small, hidden: int) -> None:
    with small.operation(ANN) as ctx:
        with history.as_system(ctx, "count for the yearly report") as system:
            assert len(system.session.scalars(sa.select(Shelf.name)).all()) == 2
        assert len(ctx.session.scalars(sa.select(Shelf.name)).all()) == 1
    with small.operation(None) as ctx:
        notes = ctx.session.scalars(sa.select(m.Change.note).where(m.Change.entity == "core.system")).all()
    assert notes == ["count for the yearly report"]


def test_facts_are_read_of_entities_that_are_for_rules_only(small: Small, hidden: int) -> None:
    with small.operation(ANN) as ctx, pytest.raises(UnscopedStatement) as refused:
        records.facts(ctx, "attic.shelf", records.ListQuery())
    assert "for_rules" in str(refused.value.hint)
