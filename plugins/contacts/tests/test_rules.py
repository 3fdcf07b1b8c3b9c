"""Derived values, as pure functions."""

from typing import Any

from crm_contacts import rules


def test_exactly_one_line_is_marked():
    lines: list[dict[str, Any]] = [
        {"address": "a@x.example"},
        {"address": "b@x.example", "primary": True},
        {"address": "c@x.example"},
    ]
    assert [line["primary"] for line in rules.emails(lines)] == [False, True, False]
    assert [line["primary"] for line in rules.emails([{"address": "a@x.example"}])] == [True]
    assert rules.emails([]) == []


def test_the_line_marked_last_wins():
    old = [{"id": 1, "number": "+331", "primary": True}, {"id": 2, "number": "+332", "primary": False}]
    new = [{"id": 1, "number": "+331", "primary": True}, {"id": 2, "number": "+332", "primary": True}]
    assert [line["primary"] for line in rules.phones(new, old)] == [False, True]
    third = [*({**line} for line in old), {"number": "+333", "primary": True}]
    assert [line["primary"] for line in rules.phones(third, old)] == [False, False, True]


def test_old_lines_are_not_changed():
    old = [{"id": 1, "address": "a@x.example", "primary": True}]
    rules.derive({"emails": [{"address": "b@x.example"}]}, {"kind": "person", "emails": old})
    assert old == [{"id": 1, "address": "a@x.example", "primary": True}]


def test_domain_is_in_lower_case():
    (line,) = rules.emails([{"address": "Anne@Apollo.EXAMPLE"}])
    assert line["domain"] == "apollo.example"


def test_nothing_is_derived_from_what_is_not_set():
    values = {"description": "x"}
    rules.derive(values, {"kind": "person", "name": "Anne Martin", "first_name": "Anne", "last_name": "Martin"})
    assert values == {"description": "x"}
