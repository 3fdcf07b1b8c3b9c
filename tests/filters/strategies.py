"""Random trees that a person could have written."""

from decimal import Decimal

from hypothesis import strategies as st

from crm_core.filters import And, Cond, Me, MyTeams, Node, Not, Or, Relative
from crm_core.filters.tree import RESERVED_WORDS

_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}(\.[a-z0-9_]{1,6}){0,2}", fullmatch=True)
paths = st.one_of(
    st.sampled_from(["name", "cf.score", "company.name", "me", "today", "contains", "in", "null", "not_x", "or.a"]),
    _names.filter(lambda name: name.lower() not in RESERVED_WORDS),
)
texts = st.one_of(
    st.text(max_size=12).filter(lambda s: "\x00" not in s),
    st.sampled_from(["2026-12-31", "2026-12-31T10:00:05.5+02:00", "2026-02-31", "me", "today-3d", 'a"b', "c\\d", "😀"]),
)
numbers = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.decimals(-(10**9), 10**9, places=3),
    st.sampled_from([Decimal("1E+9"), Decimal("1E-9"), Decimal("5"), Decimal("-0.0")]),
)
relatives = st.one_of(
    st.builds(Relative, st.just("today"), st.integers(-999, 999), st.sampled_from("dwmqy")),
    st.builds(Relative, st.just("now"), st.integers(-999, 999), st.sampled_from(["min", "h", "d", "m"])),
    st.builds(Relative, st.just("period"), st.integers(-1, 1), st.sampled_from("wmqy")),
)
ordered = st.one_of(texts, numbers, relatives)
equal = st.one_of(ordered, st.booleans(), st.none(), st.just(Me()))
lists = st.one_of(st.lists(equal, max_size=4).map(tuple), st.just(MyTeams()))

conds = st.one_of(
    st.builds(Cond, paths, st.sampled_from(["=", "!="]), equal),
    st.builds(Cond, paths, st.sampled_from(["<", "<=", ">", ">="]), ordered),
    st.builds(Cond, paths, st.sampled_from(["in", "not in"]), lists),
    st.builds(Cond, paths, st.sampled_from(["contains", "not contains", "startswith", "endswith"]), texts),
    st.builds(Cond, paths, st.sampled_from(["has", "not has"]), st.one_of(ordered, st.just(Me()), st.just(MyTeams()))),
    st.builds(Cond, paths, st.sampled_from(["is null", "is not null"])),
)


def _groups(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(parts, max_size=4).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))


nodes: st.SearchStrategy[Node] = st.recursive(conds, _groups, max_leaves=12)
