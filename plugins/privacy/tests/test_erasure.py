"""Erasure for good: nothing of the person is found in any table, and what must be kept is kept."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from crm_core import comments, customfields, kernel, switching
from crm_core.contributed_erasing import KeepRule

SECRETS = ("Perrine Quemeneur", "Quemeneur", "perrine@quemeneur.example", "old@quemeneur.example", "+33298112233",
           "17 impasse des Mouettes", "Mouettes", "Mme Quemeneur-Cadiou", "likes sailing", "photo-of-perrine",
           "secret memo", "contract-perrine")  # fmt: skip


def person(admin) -> int:
    values = {
        "first_name": "Perrine", "last_name": "Quemeneur", "job_title": "likes sailing",
        "emails": [{"address": "old@quemeneur.example"}], "phones": [{"number": "+33298112233"}],
        "addresses": [{"street": "17 impasse des Mouettes", "city": "Brest", "recipient": "Mme Quemeneur-Cadiou"}],
        "description": "likes sailing", "birthday": "1980-02-03", "nature": ["customer"],
    }  # fmt: skip
    head = {"Idempotency-Key": "once"}
    answer = admin.browser.post(
        "/api/v1/contacts", json=values, headers={"Authorization": f"Bearer {admin.token}", **head}
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


@pytest.fixture
def perrine(crm, admin) -> int:
    """A person with a past, comments, a document, a relation, a consent, and mentions elsewhere."""
    with crm.as_user(crm.admin) as ctx:
        customfields.create(ctx, "contacts.contact", key="hobby", type="text", label="Hobby", options={})
    crm.refresh(force=True)
    number = person(admin)
    admin.api("PATCH", f"/contacts/{number}", {"cf": {"hobby": "likes sailing"}})
    admin.api("PATCH", f"/contacts/{number}", {"emails": [{"address": "perrine@quemeneur.example"}]})
    other = admin.api("POST", "/contacts", {"kind": "company", "name": "Kergal"}, status=201)["id"]
    admin.api("PATCH", f"/contacts/{other}", {"description": "Ask Perrine Quemeneur at perrine@quemeneur.example"})
    crm.make("contacts.relation", contact=number, relation="supplies", other=other, note="secret memo")
    with crm.as_user(crm.admin) as ctx:
        comments.add(ctx, "contacts.contact", number, "Perrine Quemeneur likes sailing")
    words = {"channel": "email", "state": "given", "text": "secret memo"}
    admin.api("POST", f"/contacts/{number}/actions/consent", words)
    gone = admin.api("POST", "/contacts", {"first_name": "P.", "last_name": "Quemeneur"}, status=201)["id"]
    admin.api("POST", f"/contacts/{number}/merge", {"others": [gone]})
    return number


def everything(crm) -> str:
    """Return all that stands in the database, as text."""
    if crm.database.is_sqlite:
        path = str(sa.make_url(crm.config.url).database)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            return "\n".join(connection.iterdump())
    found = []
    with crm.database.reader.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            found += [repr(tuple(row)) for row in connection.execute(sa.text(f'SELECT t::text FROM "{table}" t'))]
    return "\n".join(found)


def left(crm) -> list[str]:
    dump = everything(crm).lower()
    forms = {s: {s.lower(), json.dumps(s)[1:-1].lower()} for s in SECRETS}
    return [s for s, shapes in forms.items() if any(shape in dump for shape in shapes)]


@pytest.mark.parametrize("how", ["anonymise", "delete"])
def test_nothing_of_an_erased_person_is_found_in_any_table(crm, admin, perrine, how) -> None:
    assert "Quemeneur" in left(crm)
    plan = admin.get(f"/erasures/plan?record=contacts:{perrine}&how={how}")
    assert plan["possible"] and plan["comments"] == 1
    assert {d["entity"]: d["count"] for d in plan["deleted"]} == {"contacts.relation": 1, "privacy.consent": 1}
    made = admin.api("POST", "/erasures", {"subject": f"contacts:{perrine}", "how": how}, status=201)
    assert left(crm) == []
    assert made["subject"] == f"contacts.contact:{perrine}" and made["comments"] == 1 and made["mentions"] >= 1
    if how == "delete":
        admin.get(f"/contacts/{perrine}", status=404)
        return
    shell = admin.get(f"/contacts/{perrine}")
    assert shell["name"] == f"Anonymous {perrine}" and shell["nature"] == ["customer"] and shell["emails"] == []
    assert shell["birthday"] is None and admin.get("/search?q=quemeneur")["items"] == []
    lines = admin.get(f"/contacts/{perrine}/history")["items"]
    assert lines[0]["action"] == "erase" and all(line["changes"] == [] for line in lines)
    assert not any(line.get("undoable") for line in lines)


def test_a_person_who_was_deleted_before_is_erased_from_the_history(crm, admin, ann, perrine, program) -> None:
    admin.api("DELETE", f"/contacts/{perrine}", status=204)
    assert "Quemeneur" in left(crm)
    plan = admin.get(f"/erasures/plan?record=contacts:{perrine}&how=anonymise")
    assert not plan["possible"] and "only be deleted" in plan["problems"][0]
    plan = admin.get(f"/erasures/plan?record=contacts:{perrine}&how=delete")
    assert plan["possible"] and plan["history"] > 1
    assert "Erase for good" in admin.page(f"/privacy/erase/contacts/{perrine}?how=delete")
    admin.api("POST", "/erasures", {"subject": f"contacts:{perrine}", "how": "anonymise"}, status=409)
    admin.api("POST", "/erasures", {"subject": f"contacts:{perrine}", "how": "delete"}, status=201)
    assert left(crm) == []
    line = next(c for c in admin.get("/history/deletions")["items"] if c["record"] == perrine)
    assert "erased" in json.dumps(admin.api("POST", f"/history/{line['id']}/undo", {}, status=409))
    admin.api("POST", "/erasures", {"subject": f"contacts:{perrine}", "how": "delete"}, status=404)


@pytest.fixture
def keeping(crm, monkeypatch) -> str:
    """A module of the tests' own that keeps contacts with a code of the accounts, like invoices would."""
    rules = (
        erasing_rule("audited", lambda record: "Audited until 2030" if record.job_title == "Auditor" else ""),
        erasing_rule(
            "billed", lambda record: "Invoices name it" if record.job_title == "Buyer" else "", ("last_name",)
        ),
    )
    own = kernel.contributions
    monkeypatch.setattr(kernel, "contributions", lambda: (*own(), *rules))
    crm.refresh(force=True)
    return "Auditor"


def erasing_rule(label: str, reason, fields: tuple[str, ...] = ()) -> KeepRule:
    return KeepRule(entity="contacts.contact", label=label, reason=lambda ctx, record: reason(record), fields=fields)


def test_what_must_be_kept_is_kept_and_the_plan_says_why(keeping, crm, admin) -> None:
    names = {"first_name": "Guy", "last_name": "Lagadec"}
    held = admin.api("POST", "/contacts", {**names, "job_title": "Auditor"}, status=201)["id"]
    plan = admin.get(f"/erasures/plan?record=contacts:{held}")
    assert plan["possible"] is False and plan["kept"][0]["reason"] == "Audited until 2030"
    refused = admin.api("POST", "/erasures", {"subject": f"contacts:{held}", "how": "anonymise"}, status=409)
    assert "Audited until 2030" in refused["detail"]
    assert admin.get(f"/contacts/{held}")["name"] == "Guy Lagadec" and admin.get("/erasures")["items"] == []
    part = admin.api("POST", "/contacts", {**names, "job_title": "Buyer"}, status=201)["id"]
    admin.api("POST", "/erasures", {"subject": f"contacts:{part}", "how": "delete"}, status=409)
    admin.api("POST", "/erasures", {"subject": f"contacts:{part}", "how": "anonymise"}, status=201)
    assert admin.get(f"/contacts/{part}")["name"] == "Anonymous Lagadec"


def test_documents_of_an_erased_person_go_with_their_bytes(crm, admin) -> None:
    switching.enable(crm.database, crm.config, "documents")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    number = person(admin)
    for name in ("contract-perrine.txt", "thrown-away-perrine.txt"):
        form = {"file": (io.BytesIO(f"secret memo {name}".encode()), name), "record": f"contacts:{number}"}
        made = admin.api("POST", "/documents", status=201, data=form, content_type="multipart/form-data")["id"]
    admin.api("DELETE", f"/documents/{made}", status=204)
    crm.run_jobs()
    store = [p for p in crm.config.files.rglob("*") if p.is_file()]
    assert any(b"secret memo" in p.read_bytes() for p in store)
    admin.api("POST", "/erasures", {"subject": f"contacts:{number}", "how": "anonymise"}, status=201)
    crm.run_jobs()
    assert left(crm) == []
    assert not any(b"secret memo" in p.read_bytes() for p in crm.config.files.rglob("*") if p.is_file())


def test_only_administrators_and_who_is_given_it_may_erase(crm, admin, ann) -> None:
    number = admin.api(
        "POST", "/contacts", {"first_name": "Guy", "last_name": "Lagadec", "visibility": "write"}, status=201
    )["id"]
    ann.get(f"/erasures/plan?record=contacts:{number}", status=403)
    ann.api("POST", "/erasures", {"subject": f"contacts:{number}", "how": "delete"}, status=403)
    ann.page(f"/privacy/erase/contacts/{number}", status=404)
    ann.api("POST", "/person-archives", {"record": f"contacts:{number}"}, status=403)
    assert ann.get(f"/contacts/{number}")["name"] == "Guy Lagadec"
    admin.get("/erasures/plan?record=nonsense", status=422)
    admin.get("/erasures/plan?record=contacts:999", status=404)
    admin.api("POST", "/erasures", {"subject": "relations:1", "how": "delete"}, status=404)


def test_the_page_shows_the_plan_first_and_undo_says_that_it_is_gone(crm, admin) -> None:
    number = admin.api("POST", "/contacts", {"first_name": "Guy", "last_name": "Lagadec"}, status=201)["id"]
    admin.api("PATCH", f"/contacts/{number}", {"job_title": "Sailor"})
    change = admin.get(f"/contacts/{number}/history")["items"][0]["id"]
    page = admin.page(f"/privacy/erase/contacts/{number}")
    assert "Guy Lagadec" in page and "Birthday" in page
    assert admin.get(f"/contacts/{number}")["name"] == "Guy Lagadec", "looking does nothing"
    done = admin.post(f"/privacy/erase/contacts/{number}", {"how": "anonymise", "reason": "request"})
    assert done.headers["Location"].startswith("/erasures/")
    admin.page(done.headers["Location"])
    refused = admin.api("POST", f"/history/{change}/undo", status=409)
    assert "erased" in json.dumps(refused)


def test_the_command_line_plans_and_erases(crm, admin, program) -> None:
    number = admin.api("POST", "/contacts", {"first_name": "Guy", "last_name": "Lagadec"}, status=201)["id"]
    assert program("privacy", "plan", "contacts", str(number))["possible"] is True
    assert program("privacy", "erase", "contacts", str(number), "--how", "delete", "--yes")["history"] >= 1
    admin.get(f"/contacts/{number}", status=404)
