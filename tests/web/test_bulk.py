"""One action for many ticked records: how many were changed, which were not, and why (KN-11)."""

from __future__ import annotations

import re

import pytest

from crm_core import records
from tests.web.helpers import CONTACT, HTMX, send, text_of


@pytest.fixture
def five(crm):
    return [crm.make(CONTACT, kind="company", name=f"Company {n}", visibility="read") for n in range(5)]


def value_of(crm, record, key):
    with crm.as_user(crm.admin) as ctx:
        return records.read(ctx, CONTACT, record, [key]).values[key]


def test_kn_11_one_action_changes_every_ticked_record(crm, client, five):
    dialog = client.get("/contacts/bulk", query_string={"action": "update", "ids": five[:3], "field": "job_title"})
    assert "For 3 records" in text_of(dialog)
    chosen = ",".join(map(str, five[:3]))
    answer = send(client, "/contacts/bulk", action="update", ids=chosen, field="size", size="")
    assert answer.status_code == 200
    answer = send(client, "/contacts/bulk", htmx=True, action="update", ids=chosen, field="score", score="4")
    assert "3 records changed" in text_of(answer)
    assert "crm:refresh" in answer.headers["HX-Trigger"]
    assert [value_of(crm, r, "score") for r in five] == [4, 4, 4, None, None]


def test_tags_are_added_and_taken_away(crm, client, five):
    chosen = ",".join(map(str, five[:2]))
    send(client, "/contacts/bulk", action="tags", ids=chosen, way="add", tags=["VIP", "New"])
    names = [t.name for t in crm.directory.tags()]
    assert sorted(names) == ["New", "VIP"]
    ids = {t.name: t.id for t in crm.directory.tags()}
    assert value_of(crm, five[0], "tags") == [ids["VIP"], ids["New"]]
    send(client, "/contacts/bulk", action="tags", ids=chosen, way="remove", tags=[str(ids["New"])])
    assert value_of(crm, five[1], "tags") == [ids["VIP"]]
    assert value_of(crm, five[2], "tags") == []


def test_the_owner_is_assigned(crm, client, five, actor_with):
    other = actor_with()
    answer = send(client, "/contacts/bulk", action="owner", ids=str(five[0]), owner=str(other))
    assert "1 record changed" in text_of(answer)
    assert value_of(crm, five[0], "owner") == other


def test_deleting_asks_first_and_reports_what_stayed(crm, client, five, actor_with):
    ask = client.get("/contacts/bulk", query_string={"action": "delete", "ids": five[:2]})
    assert "Delete 2 records for good?" in text_of(ask)
    assert value_of(crm, five[0], "name") == "Company 0"
    gone = ",".join([*map(str, five[:2]), "987654"])
    answer = send(client, "/contacts/bulk", action="delete", ids=gone)
    assert "2 records deleted" in text_of(answer)
    assert "1 record left as it was" in text_of(answer)
    assert client.get(f"/contacts/{five[0]}").status_code == 404


def test_records_one_may_not_change_are_skipped_and_say_why(crm, five, actor_with):
    user = actor_with()
    mine = crm.make(CONTACT, by=user, kind="company", name="Mine")
    answer = send(
        crm.client_of(user), "/contacts/bulk", action="update", ids=f"{mine},{five[0]}", field="score", score="2"
    )
    assert "1 record changed" in text_of(answer)
    assert "1 record left as it was" in text_of(answer)
    assert "may read this record but not change it" in text_of(answer)
    assert value_of(crm, five[0], "score") is None


def test_all_that_fit_means_the_filter_not_the_page(crm, client, five):
    for number in range(60):
        crm.make(CONTACT, kind="company", name=f"Other {number}")
    query = {"action": "update", "all": "1", "filter": 'name contains "other"', "view": "all", "ids": [five[0]]}
    dialog = client.get("/contacts/bulk", query_string=query, headers=HTMX)
    assert "For 60 records" in text_of(dialog)
    ids = re.search(r'name="ids" value="([^"]+)"', dialog.text)[1]
    assert len(ids.split(",")) == 60
    assert str(five[0]) not in ids.split(",")


def test_a_wrong_value_is_told_for_the_whole_action(client, five):
    answer = send(client, "/contacts/bulk", htmx=True, action="update", ids=str(five[0]), field="", score="2")
    assert answer.status_code == 422
    assert "Choose a field" in text_of(answer)
    answer = send(client, "/contacts/bulk", htmx=True, action="update", ids="", field="score", score="2")
    assert answer.status_code == 422


@pytest.mark.parametrize(("action", "status"), [("do.nothing", 404), ("explode", 404), ("", 404)])
def test_unknown_actions_are_refused(client, five, action, status):
    assert client.get("/contacts/bulk", query_string={"action": action, "ids": five}).status_code == status


def test_actions_of_plugins_are_done_for_every_record(crm, client, five):
    from crm_core.access import allowed

    with crm.as_user(crm.admin) as ctx:
        found = [a for a in ctx.registry.actions(CONTACT) if a.bulk and not a.form and allowed(ctx, CONTACT, a.needs)]
    if not found:
        pytest.skip("no plugin has an action without a form")
    answer = send(client, "/contacts/bulk", action=f"do.{found[0].name}", ids=",".join(map(str, five)))
    assert answer.status_code == 200
    assert "5 records" in text_of(answer)
