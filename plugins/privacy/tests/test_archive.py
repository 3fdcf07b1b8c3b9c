"""One person's data as an archive, and how long data is kept."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

import sqlalchemy as sa
from crm_contacts.api import Contact

from crm_core import comments, jobs, kernel
from crm_core.contributed_erasing import KeepRule


def person(crm, admin) -> int:
    values = {
        "first_name": "Perrine", "last_name": "Quemeneur", "visibility": "write",
        "emails": [{"address": "perrine@quemeneur.example"}],
    }  # fmt: skip
    number = admin.api("POST", "/contacts", values, status=201)["id"]
    admin.api("PATCH", f"/contacts/{number}", {"job_title": "Sailor"})
    with crm.as_user(crm.admin) as ctx:
        comments.add(ctx, "contacts.contact", number, "Called about the boat")
    words = {"channel": "email", "state": "given", "text": "May we write?"}
    admin.api("POST", f"/contacts/{number}/actions/consent", words)
    return int(number)


def check(content: bytes, number: int) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        contact = json.loads(archive.read("records/contacts.jsonl"))
        assert contact["id"] == number and contact["values"]["last_name"] == "Quemeneur"
        assert contact["comments"][0]["body"] == "Called about the boat"
        assert "Sailor" in json.dumps(contact["history"])
        assert json.loads(archive.read("records/consents.jsonl"))["values"]["text"] == "May we write?"
        page = archive.read("index.html").decode()
        assert "Perrine Quemeneur" in page and "perrine@quemeneur.example" in page and "Called about the boat" in page


def test_an_archive_holds_all_of_a_person_and_only_who_asked_can_fetch_it(crm, admin, program, tmp_path) -> None:
    number = person(crm, admin)
    made = admin.api("POST", "/person-archives", {"record": f"contacts:{number}"}, status=201)
    crm.run_jobs()
    found = admin.get(f"/person-archives/{made['id']}")
    assert found["state"] == "done" and found["records"] == 2
    file_id = found["file"]["id"] if isinstance(found["file"], dict) else found["file"]
    check(admin.get(f"/files/{file_id}"), number)
    assert f"/files/{file_id}" in admin.page(f"/contacts/{number}?tab=privacy")
    boss = type(admin)(crm, crm.add_user("boss@example.org", "Boss", "crm_admin"))
    boss.get(f"/person-archives/{made['id']}", status=404)
    boss.get(f"/files/{file_id}", status=404)
    target = tmp_path / "person.zip"
    program("privacy", "archive", "contacts", str(number), str(target))
    check(target.read_bytes(), number)
    with crm.as_user() as ctx:
        jobs.enqueue(ctx, "privacy.clean", {})
    crm.run_jobs()
    admin.get(f"/person-archives/{made['id']}")
    admin.api("POST", "/erasures", {"subject": f"contacts:{number}", "how": "anonymise"}, status=201)
    admin.get(f"/person-archives/{made['id']}", status=404)


def test_a_retention_rule_is_tried_first_and_runs_at_night_with_a_log(crm, admin, ann, program) -> None:
    number, fresh = person(crm, admin), person(crm, admin)
    rule = {"name": "Three years", "filter": "updated_at < -1095d", "how": "anonymise", "active": True}
    admin.api("POST", "/retention-rules", {**rule, "filter": "no_field = 3"}, status=422)
    ann.get("/retention-rules", status=403)
    made = admin.api("POST", "/retention-rules", rule, status=201)["id"]
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=1200)
    with crm.database.engine.begin() as connection:
        connection.execute(sa.update(Contact.__table__).where(Contact.id == number).values(updated_at=old))
    trial = admin.get(f"/retention-rules/{made}/trial")
    assert trial["count"] == 1 and [r["id"] for r in trial["records"]] == [number]
    assert program("privacy", "trial", str(made))["count"] == 1
    assert "Perrine Quemeneur" in admin.page(f"/privacy/rules/{made}/trial")
    for _ in range(2):
        with crm.as_user() as ctx:
            jobs.enqueue(ctx, "privacy.retention", {})
        crm.run_jobs()
    assert admin.get(f"/contacts/{number}")["name"] == f"Anonymous {number}"
    assert admin.get(f"/contacts/{fresh}")["name"] == "Perrine Quemeneur"
    runs = admin.get("/retention-runs?sort=id")["items"]
    assert [(r["found"], r["done"], r["kept"], r["failed"]) for r in runs] == [(1, 1, 0, 0), (0, 0, 0, 0)]
    assert admin.get("/erasures")["items"][0]["reason"] == "retention"


def test_a_retention_rule_keeps_what_must_be_kept_and_its_trial_says_what_and_why(
    crm, program, monkeypatch, request
) -> None:
    reasons = {"Auditor": "Audited until 2030", "Buyer": "Invoices name it"}

    def because(job: str) -> Any:
        return lambda ctx, record: reasons[job] if record.job_title == job else ""

    rules = [
        KeepRule(entity="contacts.contact", label=job, fields=fields, reason=because(job))
        for job, fields in (("Auditor", ()), ("Buyer", ("last_name",)))
    ]  # fmt: skip
    rules.append(
        KeepRule(
            entity="privacy.consent", label="consents",
            reason=lambda ctx, record: "Asked in court" if record.text == "May we write?" else "",
        )
    )  # fmt: skip
    own = kernel.contributions
    monkeypatch.setattr(kernel, "contributions", lambda: (*own(), *rules))
    admin = request.getfixturevalue("admin")
    jobs_ = ("Auditor", "Buyer", "Sailor")
    held, part, free = (crm.make("contacts.contact", first_name="Guy", last_name=t, job_title=t) for t in jobs_)
    consented = person(crm, admin)
    made = {}
    for how, names in (("anonymise", 'job_title in ("Auditor", "Buyer")'), ("delete", "id > 0")):
        rule = {"name": how, "filter": names, "how": how, "active": how == "delete"}
        made[how] = admin.api("POST", "/retention-rules", rule, status=201)["id"]
    trial = admin.get(f"/retention-rules/{made['anonymise']}/trial")
    assert [r["id"] for r in trial["records"]] == [part]
    assert [(r["id"], r["reason"]) for r in trial["kept_records"]] == [(held, "Audited until 2030")]
    trial = program("privacy", "trial", str(made["delete"]))
    told = {r["id"]: r["reason"] for r in trial["kept_records"]}
    assert (told[held], told[part]) == ("Audited until 2030", "Invoices name it") and "in court" in told[consented]
    assert [r["id"] for r in trial["records"]] == [free]
    assert "Audited until 2030" in admin.page(f"/privacy/rules/{made['delete']}/trial")
    with crm.as_user() as ctx:
        jobs.enqueue(ctx, "privacy.retention", {})
    crm.run_jobs()
    (run,) = admin.get("/retention-runs")["items"]
    assert (run["found"], run["done"], run["kept"], run["failed"]) == (4, 1, 3, 0)
    admin.get(f"/contacts/{free}", status=404)
    assert {admin.get(f"/contacts/{n}")["name"] for n in (held, part)} == {"Guy Auditor", "Guy Buyer"}
