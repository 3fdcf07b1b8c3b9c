"""Settings → Own fields: every type, who may define and fill in, order, conditions, retiring, removing, indexes."""

from __future__ import annotations

import io
import re
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import custom_indexes, customfields, kernel, records
from crm_core.errors import Conflict, Invalid
from crm_core.fieldtypes import CUSTOM_TYPES
from crm_core.jobs.execute import execute
from crm_core.models import Change, CustomField, Job
from tests.web.helpers import CONTACT, send, text_of

URL = "/settings/fields/contacts"
RELATION = "contacts.relation"


@pytest.fixture
def boss(crm):
    return crm.client_of(crm.admin)


def define(client, key, kind, url=URL, **more):
    """Make a field as the page does."""
    data = {"type": kind, "key": key, "label.en": key.capitalize(), "section": "general", "filterable": "1", **more}
    answer = send(client, f"{url}/new", **data)
    assert answer.status_code == 303, text_of(answer)


def rows(crm):
    with crm.database.transaction(write=False) as session:
        return {row.key: row for row in session.scalars(sa.select(CustomField))}


def run_jobs(crm):
    """Run every job that waits."""
    with crm.database.transaction(write=False) as session:
        waiting = list(session.scalars(sa.select(Job.id).where(Job.state == "waiting").order_by(Job.id)))
    for job_id in waiting:
        execute(crm, "test", job_id, threading.Event())
    crm.refresh(force=True)


def values(crm, record):
    with crm.as_user(crm.admin) as ctx:
        return records.read(ctx, CONTACT, record).values


def change(crm, record, **given):
    with crm.as_user(crm.admin) as ctx:
        records.update(ctx, CONTACT, record, {f"cf.{key}": value for key, value in given.items()})


OF_EACH_TYPE: dict[str, tuple[Any, Any, list[Any]]] = {
    "text": ("Blue", "Blue", ["x" * 300]),
    "longtext": ("Two\nlines", "Two\nlines", [True]),
    "richtext": ("<p>Fine</p>", "<p>Fine</p>", [True]),
    "integer": ("12", 12, ["twelve", "1.5"]),
    "decimal": ("1.25", Decimal("1.25"), ["1.234", "many"]),
    "money": ("99.90", Decimal("99.90"), ["dear"]),
    "percent": ("12.5", Decimal("12.50"), ["101"]),
    "rating": ("4", 4, ["9"]),
    "boolean": ("yes", True, ["perhaps"]),
    "date": ("31/12/2026", "2026-12-31", ["31/02/2026"]),
    "datetime": ("2026-12-31T10:00:00Z", "2026-12-31", ["noon"]),
    "duration": ("1:30", 5400, ["long"]),
    "email": ("a@example.org", "a@example.org", ["nobody"]),
    "phone": ("+33639980001", "+33639980001", ["call me"]),
    "url": ("https://example.org", "https://example.org", ["javascript:alert(1)"]),
    "choice": ("gold", "gold", ["lead"]),
    "multichoice": (["gold", "silver"], ["gold", "silver"], [["lead"]]),
    "user": ("ME", "ME", ["nobody@example.org"]),
    "users": (["ME"], ["ME"], [[987654]]),
    "team": ("TEAM", "TEAM", ["No such team"]),
    "link": ("OTHER", "OTHER", [987654]),
    "links": (["OTHER"], ["OTHER"], [[987654]]),
    "related": ("contacts.contact:OTHER", "contacts.contact:OTHER", ["contacts.contact:987654"]),
    "address": ({"city": "Brest"}, {"city": "Brest"}, ["Brest"]),
}


def test_kn_12_fields_of_every_type_hold_what_they_should_and_refuse_the_rest(crm, boss):
    other, subject = crm.make(CONTACT, kind="company", name="Other"), crm.make(CONTACT, kind="company", name="Subject")
    crm.add_user("t@example.org", "Tea", teams=["North"])
    team = crm.directory.team_by_name("North").id
    place = {"ME": crm.admin, "TEAM": team, "OTHER": other}

    def placed(value):
        if isinstance(value, list):
            return [placed(v) for v in value]
        if isinstance(value, str) and value.endswith(":OTHER"):
            return value.replace("OTHER", str(other))
        return place.get(value, value) if isinstance(value, str) else value

    assert set(OF_EACH_TYPE) == set(CUSTOM_TYPES)
    for kind in OF_EACH_TYPE:
        define(boss, f"my_{kind}", kind, choices="Gold\nSilver", **{"options.target": CONTACT})
    page = boss.get("/contacts/new").text
    for kind, (given, read, wrong) in OF_EACH_TYPE.items():
        assert f'data-field="cf.my_{kind}"' in page
        change(crm, subject, **{f"my_{kind}": placed(given)})
        found = values(crm, subject)[f"cf.my_{kind}"]
        if kind in ("date", "datetime"):
            found = found.isoformat()[:10]
        if kind == "address":
            found = {key: value for key, value in found.items() if value}
        assert (found, type(found)) == (placed(read), type(placed(read))), kind
        for bad in wrong:
            with pytest.raises(Invalid):
                change(crm, subject, **{f"my_{kind}": bad})


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_kn_13_a_field_is_on_the_form_of_its_own_kind_of_record_only(crm, boss):
    define(boss, "colour", "text")
    define(boss, "strength", "integer", "/settings/fields/relations")
    contact, relation = boss.get("/contacts/new").text, boss.get("/relations/new").text
    assert 'data-field="cf.colour"' in contact and "cf.strength" not in contact
    assert 'data-field="cf.strength"' in relation and "cf.colour" not in relation
    assert "1 own field" in text_of(boss.get("/settings/fields"))


def test_kn_14_administrators_define_fields_and_everyone_fills_them_in(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "colour", "text")
    ann = sqlite_crm.add_user("ann@example.org", "Ann")
    user, number = sqlite_crm.client_of(ann), rows(sqlite_crm)["colour"].id
    for path in ("", "/contacts", "/contacts/new", f"/contacts/{number}", f"/contacts/{number}/purge"):
        assert user.get(f"/settings/fields{path}").status_code == 403
    for path in ("new", str(number), f"{number}/retire", f"{number}/restore", f"{number}/purge", "order?section=x"):
        assert send(user, f"{URL}/{path}", type="text", key="x").status_code == 403
    record = sqlite_crm.make(CONTACT, by=ann, kind="company", name="Mine")
    headers = {"Authorization": f"Bearer {sqlite_crm.token_of(ann)}"}
    filled = user.patch(f"/api/v1/contacts/{record}", json={"cf": {"colour": "Red"}}, headers=headers)
    assert (filled.status_code, filled.json["cf"]["colour"]) == (200, "Red")
    answers = [
        user.open(f"/api/v1/fields/contacts{path}", method=method, json=body, headers=headers).status_code
        for method, path, body in (
            ("POST", "", {"key": "x", "type": "text", "label": "X"}), ("GET", "/custom", None),
            ("PUT", "/order", {"section": "general"}), ("PATCH", f"/{number}", {"label": "X"}),
            ("DELETE", f"/{number}", None), ("POST", f"/{number}/restore", None), ("POST", f"/{number}/purge", None),
            ("GET", f"/{number}/usage", None),
        )
    ]  # fmt: skip
    assert answers == [403] * 8


def test_kn_15_the_form_leads_administrators_to_its_fields(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    page = boss.get("/contacts/new").text
    assert f'href="{URL}"' in page and 'data-draft="/contacts/new"' in page
    user = sqlite_crm.client_of(sqlite_crm.add_user("u@example.org", "Una"))
    assert f'href="{URL}"' not in user.get("/contacts/new").text


def test_a_field_is_everywhere_at_once(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "shade", "text", **{"label.fr": "Teinte", "help.en": "Of the logo", "indexed": "1", "search": "1"})
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", **{"cf.shade": "Crimson"})
    assert "Of the logo" in boss.get("/contacts/new").text
    assert "Crimson" in boss.get("/contacts?columns=name,cf.shade").text
    assert "Alpina" in boss.get("/contacts", query_string={"filter": 'cf.shade = "Crimson"'}).text
    assert "Alpina" in boss.get("/search?q=crimson").text
    headers = {"Authorization": f"Bearer {sqlite_crm.token_of(sqlite_crm.admin)}"}
    assert boss.get(f"/api/v1/contacts/{record}", headers=headers).json["cf"]["shade"] == "Crimson"
    assert '"shade"' in boss.get("/api/v1/openapi.json", headers=headers).text
    table = (io.BytesIO(b"Name,Colour\nAlpina,Red\n"), "companies.csv")
    given = send(boss, "/contacts/import", file=table, follow=True)
    assert "cf.shade" in given.text


def test_labels_change_and_values_stay_the_key_and_the_type_never_change(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "shade", "text", **{"label.en": "Shade"})
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", **{"cf.shade": "Crimson"})
    number = rows(sqlite_crm)["shade"].id
    send(boss, f"{URL}/{number}", **{"label.en": "Tint", "label.fr": "Nuance", "key": "other", "type": "integer",
                                     "section": "general", "filterable": "1"})  # fmt: skip
    row = rows(sqlite_crm)["shade"]
    assert (row.label, row.type) == ({"en": "Tint", "fr": "Nuance"}, "text")
    assert values(sqlite_crm, record)["cf.shade"] == "Crimson"
    refused = send(boss, f"{URL}/{number}", **{"label.en": " ", "section": "general"})
    assert refused.status_code == 422 and "A label is required" in text_of(refused)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"key": "Bad Key"}, "small letters"),
        ({"key": "taken"}, "already a field with this key"),
        ({"visible_if": "kindd = 1"}, "kind"),
        ({"visible_if": "kind ="}, "f-visible_if"),
        ({"visible_if": "owner = me"}, "fixed values"),
        ({"visible_if": 'created_at > "2026-01-01"'}, "whether it is filled"),
        ({"visible_if": 'cf.colour = "x"'}, "f-visible_if"),
        ({"options.length": "many"}, "f-options.length"),
        ({"default": "y" * 400}, "At most 255 characters"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(sqlite_crm, given, words):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "taken", "text")
    data = {"type": "text", "key": "colour", "label.en": "Shade of blue", "section": "general"}
    answer = send(boss, f"{URL}/new", **{**data, **given})
    assert answer.status_code == 422
    assert words in answer.text and "Shade of blue" in answer.text
    assert set(rows(sqlite_crm)) == {"taken"}


def test_fields_are_dragged_before_and_behind_those_of_the_module(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    for key in ("one", "two", "three"):
        define(boss, key, "text")
    number = {key: str(row.id) for key, row in rows(sqlite_crm).items()}
    ids = [number["three"], "own", number["two"], number["one"]]
    assert send(boss, f"{URL}/order?section=general", ids=ids).status_code == 303

    def order(page):
        return [
            key for key in re.findall(r'data-field="([^"]+)"', page) if key in ("kind", "cf.one", "cf.two", "cf.three")
        ]

    assert order(boss.get("/contacts/new").text) == ["cf.three", "kind", "cf.two", "cf.one"]
    shown = re.findall(r'<li class="entry-row[^"]*" data-id="(\w+)"', boss.get(URL).text)
    assert shown[:4] == ids
    assert send(boss, f"{URL}/order?section=general", ids=["987654"]).status_code == 422
    assert send(boss, f"{URL}/order?section={'x' * 80}", ids=ids).status_code == 422
    send(boss, f"{URL}/{number['one']}", **{"label.en": "One", "section": "sales", "filterable": "1"})
    assert rows(sqlite_crm)["one"].section == "sales"


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the database does not matter here
def test_a_field_shows_and_is_required_only_where_its_condition_holds(crm, boss):
    define(boss, "staff", "integer")
    define(boss, "council", "text", required="1", visible_if='kind = "company" and cf.staff >= 50')
    found = boss.get("/contacts/new?kind=company").text
    part = re.search(r'<div class="([^"]*)" data-field="cf.council"[^>]*>', found)
    assert part and "off" in part[1] and "cf.staff" in part[0]
    small = crm.make(CONTACT, kind="company", name="Small", **{"cf.staff": 9})
    with pytest.raises(Invalid) as refused:
        crm.make(CONTACT, kind="company", name="Large", **{"cf.staff": 50})
    assert [p.field for p in refused.value.problems()] == ["cf.council"]
    part = re.search(r'<div class="([^"]*)" data-field="cf.council"', boss.get(f"/contacts/{small}/edit").text)
    assert part and "off" in part[1]
    send(boss, f"/contacts/{small}/edit", **{"cf.staff": "120", "_base": "{}", "version": "1"})
    crm.make(CONTACT, kind="company", name="Grand", **{"cf.staff": 120, "cf.council": "Yes"})


def test_only_chosen_roles_read_and_change_a_field(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "margin", "integer", read_roles=["crm_admin"])
    define(boss, "rank", "integer", edit_roles=["crm_admin"])
    record = sqlite_crm.make(CONTACT, kind="company", name="Alpina", **{"cf.margin": 7171, "cf.rank": 8282})
    ann = sqlite_crm.client_of(sqlite_crm.add_user("ann@example.org", "Ann"))
    assert "7171" in boss.get(f"/contacts/{record}").text
    page = ann.get("/contacts?columns=name,cf.rank,cf.margin").text
    assert "7171" not in page and "Margin" not in page
    assert ann.get("/contacts", query_string={"filter": "cf.margin = 7171"}).text.count("Alpina") == 0
    page = boss.get(f"{URL}/{rows(sqlite_crm)['margin'].id}").text
    ticked = re.search(r'name="read_roles" value="crm_admin" checked', page)
    assert ticked, "saving the form again must not open the field to everyone"
    form = ann.get("/contacts/new").text
    assert "cf.margin" not in form and 'data-field="cf.rank"' not in form


def test_a_retired_field_comes_back_with_its_values_and_goes_only_when_told_twice(crm, boss):
    define(boss, "tier", "choice", choices="Gold\nSilver")
    define(boss, "hats", "multichoice", choices="Top\nBowler")
    define(boss, "shade", "text")
    many = [crm.make(CONTACT, kind="company", name=f"C{i}", **{"cf.tier": "gold", "cf.hats": ["top", "bowler"]})
            for i in range(3)]  # fmt: skip
    crm.make(CONTACT, kind="company", name="Kept", **{"cf.shade": "Crimson", "cf.tier": "silver"})
    number = {key: row.id for key, row in rows(crm).items()}
    for key in ("tier", "hats"):
        send(boss, f"{URL}/{number[key]}/retire")
    assert "cf.tier" not in boss.get("/contacts/new").text
    records_update = {"name": "Changed meanwhile"}
    with crm.as_user(crm.admin) as ctx:
        records.update(ctx, CONTACT, many[0], records_update)
    send(boss, f"{URL}/{number['tier']}/restore")
    assert values(crm, many[0])["cf.tier"] == "gold"
    assert send(boss, f"{URL}/{number['tier']}/purge").status_code == 303
    assert "in use" in text_of(boss.get(URL))
    send(boss, f"{URL}/{number['tier']}/retire")
    for key, count in (("tier", 4), ("hats", 3)):
        shown = text_of(boss.get(f"{URL}/{number[key]}/purge"))
        assert f"the values of {count} records" in shown and "2 entries" in shown
        assert send(boss, f"{URL}/{number[key]}/purge").headers["Location"].startswith("/jobs/")
    run_jobs(crm)
    assert set(rows(crm)) == {"shade"}
    with crm.database.transaction(write=False) as session:
        model = crm.registry.entity(CONTACT).model
        assert sorted(map(str, session.scalars(sa.select(model.custom)))) == sorted(
            ["{}"] * 3 + ["{'cf__shade': 'Crimson'}"]
        )
        links = sa.select(sa.func.count()).where(model.__links__.c.field == "cf.hats")
        assert session.scalar(links) == 0
        assert session.scalar(sa.select(sa.func.count()).where(Change.action == "purge")) == 2
    define(boss, "tier", "integer")
    assert values(crm, many[0])["cf.tier"] is None


def test_a_field_others_depend_on_is_not_taken_out_of_use(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    define(boss, "staff", "integer")
    define(boss, "council", "text", visible_if="cf.staff > 50")
    send(boss, f"{URL}/{rows(sqlite_crm)['staff'].id}/retire")
    assert "Council" in text_of(boss.get(URL)) and "cf.staff" in boss.get("/contacts/new").text
    assert rows(sqlite_crm)["staff"].retired_at is None


# ---------------------------------------------------------------- indexes


def indexes(crm):
    with crm.database.autocommit() as connection:
        names = custom_indexes._indexes_of(crm.database, "contacts_contact")
        assert connection is not None
    return {name for name in names if name.startswith("cf_")}


def test_an_index_comes_with_the_field_and_goes_with_it(crm, boss):
    define(boss, "score", "integer", indexed="1")
    assert "quick to filter" in text_of(boss.get(URL))
    run_jobs(crm)
    assert indexes(crm) == {"cf_contacts_contact_cf__score"}
    assert "These fields become quick" not in text_of(boss.get(URL))
    number = rows(crm)["score"].id
    send(boss, f"{URL}/{number}", **{"label.en": "Score", "section": "general"})
    run_jobs(crm)
    assert indexes(crm) == set()
    long = "a" * 49
    define(boss, long + "b", "integer", indexed="1")
    define(boss, long + "c", "integer", unique="1")
    run_jobs(crm)
    assert len(indexes(crm)) == 2
    crm.make(CONTACT, kind="company", name="A", **{f"cf.{long}c": 7})
    with pytest.raises(Invalid):
        crm.make(CONTACT, kind="company", name="B", **{f"cf.{long}c": 7})


def test_a_field_with_a_value_held_twice_does_not_become_unique(crm, boss):
    define(boss, "code", "text")
    for name in ("A", "B"):
        crm.make(CONTACT, kind="company", name=name, **{"cf.code": "same"})
    answer = send(boss, f"{URL}/{rows(crm)['code'].id}", **{"label.en": "Code", "section": "general", "unique": "1"})
    assert answer.status_code == 422 and "1 values are held by several records" in text_of(answer)
    with crm.database.transaction() as session:
        session.execute(sa.update(CustomField).values(unique=True))
    field = customfields.field_of(rows(crm)["code"])
    with pytest.raises(Conflict):
        custom_indexes.build_index(crm.database, crm.registry.entity(CONTACT).model, field)
    crm.make(CONTACT, kind="company", name="C", **{"cf.code": "third"})


@pytest.fixture
def postgres_crm(crm_templates, tmp_path):
    found = crm_templates.fresh("postgresql", tmp_path / "home")
    yield found
    found.close()
    crm_templates.drop(found)


def test_writers_go_on_while_an_index_is_built_and_a_killed_build_starts_again(postgres_crm):
    crm = postgres_crm
    boss = crm.client_of(crm.admin)
    for number in range(2):
        crm.make(CONTACT, kind="company", name=f"C{number}")
    define(boss, "score", "integer", indexed="1")
    name, engine = "cf_contacts_contact_cf__score", crm.database.engine
    with (
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(sa.exc.DBAPIError),
    ):
        connection.exec_driver_sql(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON contacts_contact ((1))")
    assert indexes(crm) == set()  # what is there is invalid, as a killed builder leaves it
    assert kernel.build_indexes(crm.database, crm.registry) == [name] and indexes(crm) == {name}
    define(boss, "rank", "integer", indexed="1")
    builder = threading.Thread(target=kernel.build_indexes, args=(crm.database, crm.registry))
    with engine.connect() as slow:
        slow.exec_driver_sql("UPDATE contacts_contact SET version = version")
        builder.start()
        waiting = "select count(*) from pg_stat_progress_create_index"
        until = time.monotonic() + 90
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as look:
            while not look.exec_driver_sql(waiting).scalar() and time.monotonic() < until:
                time.sleep(0.05)
        crm.make(CONTACT, kind="company", name="Written meanwhile")
        assert "Rank" in text_of(boss.get(f"{URL}/indexes"))
        assert builder.is_alive()
        slow.commit()
    builder.join(30)
    assert indexes(crm) == {name, "cf_contacts_contact_cf__rank"}
    assert "Rank" not in text_of(boss.get(f"{URL}/indexes"))


def test_two_hundred_fields_cost_no_statement_more(sqlite_crm):
    boss = sqlite_crm.client_of(sqlite_crm.admin)
    crm, listed = sqlite_crm, "/contacts?columns=name,city"
    crm.make(CONTACT, kind="company", name="Alpina")
    boss.get(listed)
    with crm.statements() as before:
        assert boss.get(listed).status_code == 200
    kinds = ("text", "integer", "date", "boolean", "choice", "decimal", "user", "link")
    with crm.as_user(crm.admin) as ctx:
        for number in range(200):
            kind = kinds[number % len(kinds)]
            options = {"target": CONTACT} if kind == "link" else {}
            choices = {"a": "A", "b": "B"} if kind == "choice" else None
            customfields.create(ctx, CONTACT, key=f"f{number}", type=kind, label=f"Field {number}", options=options,
                                choices=choices, section="custom")  # fmt: skip
    boss.get(listed)
    with crm.statements() as after:
        assert "Alpina" in boss.get(listed).text
    assert len(after) == len(before) <= 4
    assert boss.get("/contacts/new").text.count('data-field="cf.f') == 200
    assert boss.get(URL).text.count('data-id="') >= 200
