"""Connections come from link fields, whoever described them; their cost depends on the kinds, not on the records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_core import customfields
from crm_core.connections import reading
from crm_core.connections.graph import Graph
from crm_core.testing.deployments import TestDeployment
from tests.connections.bonds import CONTACT, NOTE, PROJECT, ROLE
from tests.connections.conftest import lines

Make = Callable[..., int]
Ask = Callable[..., Graph]


def test_links_of_every_form_connect_from_either_side(crm: TestDeployment, company: Make, graph_of: Ask) -> None:
    ann = crm.add_user("ann@example.com", "Ann User")
    names = ("Customer", "Slow", "Secret", "About", "Guest", "Member")
    ids = {name: company(name) for name in names}
    bridge = crm.make(
        PROJECT, name="Bridge", customer=ids["Customer"], slow=ids["Slow"], secret=ids["Secret"],
        about=f"{CONTACT}:{ids['About']}", guests=[ids["Guest"]], visibility="read",
    )  # fmt: skip
    crm.make(ROLE, project=bridge, contact=ids["Member"], what="lead")
    crm.make(NOTE, name="Remark", contact=ids["Customer"])
    expected = {
        "Customer": ("Bridge", "Customer", "Customer"), "About": ("Bridge", "About", "About"),
        "Guest": ("Bridge", "Invites", "Guest"), "Member": ("Bridge", "Takes part", "Member"),
    }  # fmt: skip
    assert lines(graph_of("projects", bridge, by=ann)) == set(expected.values())
    assert {name: lines(graph_of(CONTACT, ids[name], by=ann)) for name in names} == {
        name: {expected[name]} if name in expected else set() for name in names
    }
    masked = lines(graph_of(PROJECT, bridge)) - set(expected.values())
    assert masked == {("Bridge", "Secret", "Secret")} == lines(graph_of(CONTACT, ids["Secret"]))
    reverse = {e.label: e.reverse for e in graph_of(PROJECT, bridge).edges}
    assert reverse["Invites"] == "Is a guest of"
    assert (reverse["Customer"], reverse["Takes part"]) == ("Projects", "Project")


def test_both_ends_and_what_stands_between_must_be_visible(crm: TestDeployment, company: Make, graph_of: Ask) -> None:
    ann = crm.add_user("ann@example.com", "Ann User")
    middle, open_, closed = company("Middle"), company("Open"), company("Closed", visibility="private")
    for name, visibility in (("Public", "read"), ("Hidden", "private")):
        crm.make(PROJECT, name=name, customer=middle, guests=[open_, closed], visibility=visibility)
    seen = {("Public", "Customer", "Middle"), ("Public", "Invites", "Open")}
    found = graph_of(CONTACT, middle, by=ann, depth=2)
    assert lines(found) == seen
    assert (found.more, found.exact) == (0, True)
    assert len(lines(graph_of(CONTACT, middle, depth=2))) == 6


def test_an_administrators_own_link_field_connects_once_it_is_indexed(
    crm: TestDeployment, company: Make, graph_of: Ask
) -> None:
    with crm.as_user(crm.admin) as ctx:
        made = {"type": "link", "options": {"target": CONTACT}, "filterable": True}
        customfields.create(ctx, CONTACT, key="bank", label={"en": "Bank"}, indexed=True, **made)
        customfields.create(ctx, CONTACT, key="rare", label={"en": "Rare"}, **made)
    crm.refresh(force=True)
    bank = company("Bank")
    holder = company("Holder", **{"cf.bank": bank, "cf.rare": bank})
    assert lines(graph_of(CONTACT, holder)) == lines(graph_of(CONTACT, bank)) == {("Holder", "Bank", "Bank")}


def test_more_records_take_no_more_statements(crm: TestDeployment, company: Make, graph_of: Ask) -> None:
    middle = company("Middle")

    def grow(count: int) -> None:
        for number in range(count):
            other = company(f"Company {number}")
            project = crm.make(PROJECT, name=f"Project {number}", customer=middle, guests=[other])
            crm.make(ROLE, project=project, contact=other, what="lead")
            crm.make(CONTACT, kind="person", first_name="Anne", last_name=f"N{number}", companies=[middle, other])

    def cost(depth: int) -> int:
        graph_of(CONTACT, middle, depth=depth)
        with crm.statements() as log:
            graph_of(CONTACT, middle, depth=depth)
        return len(log)

    grow(2)
    few = [cost(depth) for depth in (1, 2, 3)]
    grow(20)
    assert [cost(depth) for depth in (1, 2, 3)] == few
    assert few[2] - few[1] <= 20


def test_counts_beyond_what_a_statement_reads_are_lower_bounds(
    crm: TestDeployment, company: Make, graph_of: Ask, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reading, "CAP", 5)
    middle = company("Middle")
    for number in range(7):
        crm.make(PROJECT, name=f"Project {number}", customer=middle)
    found = graph_of(CONTACT, middle, limit=3)
    assert (len(found.nodes), found.more, found.exact) == (3, 3, False)


def test_records_that_only_belong_to_others_have_no_connections(crm: TestDeployment, company: Make) -> None:
    note = crm.make(NOTE, name="Remark", contact=company("Kergal"))
    client = crm.client_of(crm.admin)
    assert 'data-tab="connections"' not in client.get(f"/bond-notes/{note}").text
    assert client.get(f"/api/v1/bond-notes/{note}/connections").status_code == 404
