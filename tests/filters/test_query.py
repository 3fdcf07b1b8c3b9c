import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import FilterError
from crm_core.filters import NOTHING, And, Cond, Me, MyTeams, Not, Or, Relative, from_query, to_query

from .strategies import nodes, paths


@pytest.mark.parametrize(
    ("key", "value", "cond"),
    [
        ("city", "Paris", Cond("city", "=", "Paris")),
        ("city__eq", "Paris", Cond("city", "=", "Paris")),
        ("city__ne", "Paris", Cond("city", "!=", "Paris")),
        ("cf.score__gte", "100", Cond("cf.score", ">=", "100")),
        ("a__lt", "1", Cond("a", "<", "1")),
        ("a__lte", "1", Cond("a", "<=", "1")),
        ("a__gt", "1", Cond("a", ">", "1")),
        ("status__in", "a, b,,c", Cond("status", "in", ("a", "b", "c"))),
        ("status__nin", "a", Cond("status", "not in", ("a",))),
        ("name__contains", "ker", Cond("name", "contains", "ker")),
        ("name__startswith", "ker", Cond("name", "startswith", "ker")),
        ("name__endswith", " ker", Cond("name", "endswith", " ker")),
        ("tags__has", "vip", Cond("tags", "has", "vip")),
        ("email__isnull", "true", Cond("email", "is null")),
        ("email__isnull", "NO", Cond("email", "is not null")),
        ("old__name__eq", "x", Cond("old__name", "=", "x")),
    ],
)
def test_operators(key, value, cond):
    assert from_query([(key, value)]) == cond


def test_different_keys_must_all_hold():
    args = [("city", "Paris"), ("q", "x"), ("sort", "-name"), ("score__gte", "1"), ("limit", "5"), ("name", " ")]
    assert from_query(args) == And((Cond("city", "=", "Paris"), Cond("score", ">=", "1")))
    assert from_query([("q", "x"), ("city", "")]) is None
    assert from_query([]) is None


def test_the_reserved_keys_can_be_chosen():
    assert from_query([("view", "3"), ("q", "x")], reserved=("view",)) == Cond("q", "=", "x")


def test_of_a_key_given_twice_one_value_is_enough():
    assert from_query([("a", "1"), ("a", "2")]) == Cond("a", "in", ("1", "2"))
    assert from_query([("a", "1"), ("a__eq", "2")]) == Cond("a", "in", ("1", "2"))
    assert from_query([("a__ne", "1"), ("a__ne", "2")]) == Cond("a", "not in", ("1", "2"))
    assert from_query([("a__in", "1,2"), ("a__in", "3")]) == Cond("a", "in", ("1", "2", "3"))
    assert from_query([("a__has", "1"), ("a__has", "2")]) == Or((Cond("a", "has", "1"), Cond("a", "has", "2")))
    assert from_query([("a", "1"), ("a", "")]) == Cond("a", "=", "1")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("city__like", "x", '"__like" is not an operator'),
        ("city__contain", "x", 'did you mean "__contains"?'),
        ("city__GTE", "x", 'did you mean "__gte"?'),
        ("city-name", "x", '"city-name" is not the name of a field'),
        ("__eq", "x", "is not the name of a field"),
        ("not", "x", "is not the name of a field"),
        ("a__in", " , ", "give at least one value"),
        ("a__isnull", "maybe", "give true or false"),
        ("a__isnull", "", "give true or false"),
        ("a", "\x00", "can't be stored"),
        ("a" * 300, "x", "is not the name of a field"),
        ("a\ud800", "x", "is not the name of a field"),
    ],
)
def test_mistakes_name_the_parameter(key, value, message):
    with pytest.raises(FilterError) as caught:
        from_query([(key, value)])
    assert message in caught.value.text()
    assert (caught.value.field or "")[:9] == key.replace("\ud800", "\ufffd")[:9]


def test_too_many_parameters():
    with pytest.raises(FilterError, match="200 conditions"):
        from_query([(f"a{n}", "1") for n in range(201)])


def test_to_query():
    node = And(
        (
            Cond("a", "=", Me()),
            Cond("b", ">=", Relative("today", -3)),
            Cond("c", "in", ("x", True)),
            Cond("d", "is null"),
        )
    )
    assert to_query(node) == [("a", "me"), ("b__gte", "today-3d"), ("c__in", "x,true"), ("d__isnull", "true")]
    assert to_query(And(())) == []
    assert to_query(Cond("q", "=", "x")) == [("q__eq", "x")]
    assert to_query(Cond("team", "in", MyTeams())) == [("team__in", "my_teams")]


@pytest.mark.parametrize(
    "node",
    [
        NOTHING,
        Not(Cond("a", "=", "1")),
        Or((Cond("a", "=", "1"), Cond("b", "=", "1"))),
        Or((Cond("a", "=", "1"), Cond("a", "=", "2"))),
        And((Cond("a", "contains", "1"), Cond("a", "contains", "2"))),
        And((Cond("a", "is null"), Cond("a", "is not null"))),
        Cond("a", "not contains", "x"),
        Cond("a", "not has", "x"),
        Cond("a", "=", " "),
        Cond("a", "in", ("x,y",)),
        Cond("a", "in", (" x",)),
        Cond("a", "in", ("x", "")),
    ],
)
def test_what_a_url_cannot_say(node):
    assert to_query(node) is None


@given(nodes)
def test_a_url_says_the_same(node):
    pairs = to_query(node)
    if pairs is not None:
        again = from_query(pairs)
        assert to_query(again or And(())) == pairs


@given(st.lists(st.tuples(paths, st.sampled_from(["", "__ne", "__in", "__contains", "__gte"]), st.text(max_size=5))))
def test_what_a_url_said_can_be_said_again(args):
    try:
        node = from_query([(path + suffix, value) for path, suffix, value in args])
    except FilterError:
        return
    if node is not None and (pairs := to_query(node)) is not None:
        assert from_query(pairs) == node


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4))
def test_no_url_breaks_it(args):
    try:
        from_query(args)
    except FilterError as error:
        assert error.text().encode()
