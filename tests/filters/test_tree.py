import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given

from crm_core.errors import FilterError
from crm_core.filters import (
    EVERYTHING,
    NOTHING,
    And,
    Cond,
    Me,
    MyTeams,
    Node,
    Not,
    Or,
    Relative,
    Scalar,
    and_,
    check_limits,
    conditions,
    from_json,
    not_,
    or_,
    paths,
    simplify,
    to_json,
)

from .strategies import nodes

A, B, C = Cond("a", "=", 1), Cond("b", "=", 2), Cond("c", "is null")


def test_types_count_in_equality():
    values: list[Scalar] = [1, True, Decimal(1), "1"]
    assert len({Cond("a", "=", value) for value in values}) == 4
    assert len({Cond("a", "in", (value,)) for value in values}) == 4
    assert Cond("a", "=", Decimal("1.5")) == Cond("a", "=", Decimal("1.50"))
    assert A != "a = 1"


def test_nodes_can_be_pickled_and_take_any_iterable():
    node = And([A, Not(Or(iter((B, C))))])
    assert pickle.loads(pickle.dumps(node)) == node
    assert hash(node) == hash(And((A, Not(Or((B, C))))))


@pytest.mark.parametrize(
    "path",
    ["", "1a", "a.", ".a", "a..b", "a-b", "a b", "é", "not", "OR", "true", "a" * 201, "a\n"],
)
def test_bad_paths(path):
    with pytest.raises(FilterError, match="not the name of a field"):
        Cond(path, "=", 1)


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("is null", 1),
        ("in", "a"),
        ("in", (("a",),)),
        ("in", (MyTeams(),)),
        ("=", ("a",)),
        ("=", MyTeams()),
        ("<", None),
        ("<", True),
        ("<", Me()),
        ("contains", 3),
        ("has", None),
        ("has", True),
        ("=", 1.5),
        ("=", ["a"]),
        ("==", 1),
        ("=", 2**63),
        ("=", Decimal("NaN")),
        ("=", Decimal("Infinity")),
        ("=", Decimal("1E+40")),
        ("=", "a\x00b"),
        ("=", "\ud800"),
        ("=", "x" * 10_001),
    ],
)
def test_bad_values(op, value):
    with pytest.raises(FilterError) as caught:
        Cond("a", op, value)
    assert caught.value.status == 400
    assert "%(" not in caught.value.text()


@pytest.mark.parametrize(
    "args",
    [("day",), ("today", 1, "h"), ("period", 0, "d"), ("period", 2, "m"), ("today", 100_000), ("today", True)],
)
def test_bad_relatives(args):
    with pytest.raises(FilterError):
        Relative(*args)


def test_no_offset_has_one_spelling():
    assert Relative("today", 0, "w") == Relative("today")
    assert Relative("period", 0, "w") != Relative("period", 0, "m")


def test_joining():
    assert and_() == EVERYTHING
    assert or_() == NOTHING
    assert and_(None, A, None) == A
    assert and_(A, And((B, A)), C) == And((A, B, C))
    assert and_(A, EVERYTHING) == A
    assert and_(A, NOTHING) == NOTHING
    assert or_(A, NOTHING) == A
    assert or_(A, EVERYTHING) == EVERYTHING
    assert or_(A, and_(B, C)) == Or((A, And((B, C))))


def test_negation():
    assert not_(A) == Not(A)
    assert not_(not_(A)) == A
    assert not_(C) == Cond("c", "is not null")
    assert not_(EVERYTHING) == NOTHING
    assert not_(NOTHING) == EVERYTHING
    assert simplify(Not(Not(Not(And((A,)))))) == Not(A)


def test_simplify_moves_null_to_its_own_operator():
    assert simplify(Cond("a", "=", None)) == Cond("a", "is null")
    assert simplify(Cond("a", "!=", None)) == Cond("a", "is not null")
    assert simplify(Cond("a", "in", (1, None))) == Or((Cond("a", "in", (1,)), Cond("a", "is null")))
    assert simplify(Cond("a", "not in", (1, None))) == And((Cond("a", "not in", (1,)), Cond("a", "is not null")))
    assert simplify(Cond("a", "in", (None,))) == Cond("a", "is null")


def test_simplify_empty_lists():
    assert simplify(Cond("a", "in", ())) == NOTHING
    assert simplify(Cond("a", "not in", ())) == EVERYTHING


@given(nodes)
def test_simplify_is_stable(node):
    once = simplify(node)
    assert simplify(once) == once
    assert paths(once) <= paths(node)


def test_conditions_are_in_reading_order():
    node = And((A, Or((B, Not(C))), A))
    assert list(conditions(node)) == [A, B, C, A]
    assert paths(node) == {"a", "b", "c"}


@given(nodes)
def test_json_keeps_the_tree(node):
    assert from_json(json.loads(json.dumps(to_json(node)))) == node


def test_json_form():
    node = And((Cond("a", "in", ("x", Me())), Not(C), Cond("d", ">=", Relative("today", -30))))
    assert to_json(node) == {
        "and": [
            {"path": "a", "op": "in", "value": ["x", {"me": True}]},
            {"not": {"path": "c", "op": "is null"}},
            {"path": "d", "op": ">=", "value": {"relative": "today-30d"}},
        ]
    }
    assert from_json({"path": "a", "op": "=", "value": 1.5}) == Cond("a", "=", Decimal("1.5"))


@pytest.mark.parametrize(
    "obj",
    [
        None,
        [],
        {},
        "a = 1",
        {"and": {}},
        {"and": [], "or": []},
        {"not": None},
        {"path": "a"},
        {"path": 1, "op": "="},
        {"path": "a", "op": "=", "value": 1, "x": 1},
        {"path": "a", "op": "~", "value": 1},
        {"path": "a", "op": "=", "value": {}},
        {"path": "a", "op": "=", "value": {"me": 1}},
        {"path": "a", "op": "=", "value": {"relative": "soon"}},
        {"path": "a", "op": "=", "value": {"relative": "today-1h"}},
        {"path": "a", "op": "=", "value": {"decimal": "1e5"}},
        {"path": "a", "op": "=", "value": {"decimal": "."}},
        {"path": "a", "op": "=", "value": float("inf")},
        {"path": "a", "op": "=", "value": 10**400},
        {"path": "a", "op": "in", "value": [[1]]},
    ],
)
def test_json_is_strict(obj):
    with pytest.raises(FilterError):
        from_json(obj)


def test_limits():
    deep: Node = A
    for _ in range(19):
        deep = Not(deep)
    assert from_json(to_json(deep)) == deep
    for refuse in (lambda: to_json(Not(deep)), lambda: from_json({"not": to_json(deep)})):
        with pytest.raises(FilterError, match="20 levels"):
            refuse()
    many = And(tuple(Cond("a", "=", n) for n in range(201)))
    with pytest.raises(FilterError, match="200 conditions"):
        check_limits(many)
    with pytest.raises(FilterError, match="2000 values"):
        check_limits(Cond("a", "in", tuple(range(2001))))


def test_endless_json_is_refused_without_exhausting_the_stack():
    obj: object = {"path": "a", "op": "is null"}
    for _ in range(50_000):
        obj = {"not": obj}
    with pytest.raises(FilterError, match="20 levels"):
        from_json(obj)
