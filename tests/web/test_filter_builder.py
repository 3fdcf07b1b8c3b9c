"""The filter builder: what it offers, what a filter looks like in it, and the filter a form makes."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from crm_core.errors import FilterError
from crm_core.filters import parse, to_text
from crm_core.web import filterform
from tests.web.helpers import CONTACT, HTMX, text_of, titles


@pytest.fixture
def ctx(sqlite_crm):
    with sqlite_crm.as_user(sqlite_crm.admin) as found:
        yield found


@pytest.fixture
def client(sqlite_crm):
    return sqlite_crm.client_of(sqlite_crm.admin)


def pairs(groups):
    """Return what a form with these groups sends."""
    found = []
    for group in groups:
        found.append((f"g{group.number}.join", group.join))
        for row in group.rows:
            found += [(f"{row.name}.path", row.path), (f"{row.name}.op", row.op), (f"{row.name}.rel", row.rel)]
            found += [(f"{row.name}.v", value) for value in row.values]
    return MultiDict(found)


@pytest.mark.parametrize(
    "text",
    [
        'name contains "ker"',
        'name = "Ker" and job_title is null',
        'nature in ("customer", "prospect") or tags has "VIP"',
        "owner = me",
        'kind = "person" and (created_at = this_month or updated_at >= today-30d)',
        'addresses.city = "Brest" and addresses.zip startswith "29"',
        "score >= 3 and key_account = true",
        'company.name contains "Alp" and company is not null',
        'not (name contains "x")',
        'created_at < 2026-01-31 and (nature not in ("customer", "supplier"))',
        'opt_out_email = false and managers has me and (salespeople not has me or tags not has "VIP")',
    ],
)
def test_a_filter_shown_in_the_builder_comes_back_as_it_was(ctx, text):
    definition = ctx.registry.entity(CONTACT)
    groups = filterform.from_node(ctx, definition, parse(text))
    assert groups is not None
    back = filterform.to_node(ctx, definition, filterform.read_rows(pairs(groups)))
    again = filterform.from_node(ctx, definition, back)
    assert to_text(filterform.to_node(ctx, definition, filterform.read_rows(pairs(again)))) == to_text(back)
    assert text.startswith("not (") or to_text(back) == to_text(parse(text))


@pytest.mark.parametrize(
    "text", ['name = "a" or (name = "b" and (name = "c" or name = "d"))', 'not (name = "a" and kind = "person")']
)
def test_a_filter_nested_deeper_is_left_to_the_text(ctx, client, text):
    definition = ctx.registry.entity(CONTACT)
    assert filterform.from_node(ctx, definition, parse(text)) is None
    page = client.get("/contacts/filter", query_string={"filter": text}, headers=HTMX)
    assert "nested deeper" in text_of(page)
    assert 'id="filter-text"' in page.text


def test_every_field_is_offered_with_operators_of_its_type(ctx):
    definition = ctx.registry.entity(CONTACT)
    offered = {path: label for _, options in filterform.choices(ctx, definition) for path, label in options}
    for path in ("name", "tags", "owner", "created_at", "addresses.city", "emails.address", "company.name"):
        assert path in offered
    for path in offered:
        row = filterform.complete(ctx, definition, filterform.Row(0, 0, path))
        assert row.field is not None, path
        assert row.operators, path
        assert row.kind, path


def test_a_row_without_a_value_is_told(ctx):
    definition = ctx.registry.entity(CONTACT)
    rows = MultiDict([("c0-0.path", "name"), ("c0-0.op", "contains"), ("c0-0.v", " ")])
    with pytest.raises(FilterError, match="Name"):
        filterform.to_node(ctx, definition, filterform.read_rows(rows))


def test_values_that_do_not_fit_are_told_and_kept(client):
    query = [("c0-0.path", "score"), ("c0-0.op", ">"), ("c0-0.v", "many")]
    answer = client.get("/contacts/filter/apply", query_string=query, headers=HTMX)
    assert answer.status_code == 422
    assert answer.headers["X-Fragment"] == "1"
    assert "many" in answer.text
    assert "not a number" in text_of(answer)


def test_applying_leads_to_the_list_with_the_filter(sqlite_crm, client):
    for name, city in (("Alpina", "Lyon"), ("Kergoat", "Brest"), ("Ker Mor", "Nantes")):
        sqlite_crm.make(CONTACT, kind="company", name=name, addresses=[{"city": city}])
    query = [
        ("g0.join", "and"), ("c0-0.path", "name"), ("c0-0.op", "contains"), ("c0-0.v", "ker"),
        ("g1.join", "or"), ("c1-1.path", "addresses.city"), ("c1-1.op", "="), ("c1-1.v", "Brest"),
        ("c1-2.path", "addresses.city"), ("c1-2.op", "="), ("c1-2.v", "Lyon"), ("sort", "name"),
    ]  # fmt: skip
    answer = client.get("/contacts/filter/apply", query_string=query)
    assert answer.status_code == 303
    assert titles(client.get(answer.location)) == ["Kergoat"]
    assert "sort=name" in answer.location


def test_rows_are_answered_one_by_one_as_one_builds(client):
    row = client.get("/contacts/filter/row?g=0&n=7", headers=HTMX)
    assert 'name="c0-7.path"' in row.text
    changed = client.get("/contacts/filter/row?fresh=1&c0-7.path=created_at&c0-7.op=contains", headers=HTMX)
    assert 'type="date"' in changed.text
    relative = client.get("/contacts/filter/row?c0-7.path=created_at&c0-7.op=%3D&c0-7.rel=this_week", headers=HTMX)
    assert 'type="date"' not in relative.text
    group = client.get("/contacts/filter/group?g=2&n=8", headers=HTMX)
    assert 'data-group="2"' in group.text
    assert 'name="c2-8.path"' in group.text


@pytest.mark.parametrize("query", ["c0-0.path=%00", "c0-0.path=a.b.c", "c0-0.path=name&c0-0.op=%3C%3E", "g=-1&n=x",
                                   "c999-1.path=name&c999-1.v=x", "filter=((", "mode=text&filter=(("])  # fmt: skip
def test_bad_rows_never_answer_500(client, query):
    for page in ("filter", "filter/row", "filter/group", "filter/apply"):
        assert client.get(f"/contacts/{page}?{query}").status_code < 500


def test_the_filter_can_be_edited_as_text_without_scripts(client):
    page = client.get('/contacts/filter?mode=text&filter=name+contains+"ker"')
    assert "<form" in page.text
    assert 'action="/contacts" method="get"' in page.text
    assert "name contains &#34;ker&#34;" in page.text
    assert "addresses.city" in text_of(page)
