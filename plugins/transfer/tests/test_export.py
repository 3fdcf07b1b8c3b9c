"""Lists out: formats, filters, permissions, masks, shielded cells, kept exports (IE-03, IE-04)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import openpyxl
import pytest

from crm_core import jobs, switching

NASTY = ("=1+1", "+1-2|calc", "-2+3", "@SUM(A1)", "\tx", "'=kept", "plain", "'quoted")


def table(text: str, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator))


def make(person, name: str, **values):
    return person.api("POST", "/contacts", {"kind": "company", "name": name, **values}, status=201)


def test_ie_04_an_export_holds_what_the_filter_lets_through_in_its_order(admin, program) -> None:
    for name, city in (("Berta", "Paris"), ("Anna", "Paris"), ("Carl", "Brest")):
        make(admin, name, addresses=[{"street": "1 rue A", "city": city}], tags=["a", "b"])
    path = "/contacts/export?filter=city%20%3D%20%22Paris%22&sort=-name&fields=name,tags,city"
    answer = admin.open("GET", path)
    assert answer.mimetype == "text/csv" and "filename=contacts-" in answer.headers["Content-Disposition"]
    rows = table(answer.text)
    assert [(r["name"], r["tags"], r["city"]) for r in rows] == [("Berta", "a, b", "Paris"), ("Anna", "a, b", "Paris")]
    by_program = program.run(
        "export", "contacts", "--filter", 'city = "Paris"', "--sort", "-name", "--fields", "name,tags,city"
    )
    assert table(by_program.stdout) == rows
    page = admin.post("/transfer/export/contacts?filter=city+%3D+%22Paris%22&sort=-name",
                      {"format": "csv", "headings": "labels", "separator": "semicolon", "column": ["name", "tags"]},
                      status=200)  # fmt: skip
    assert page.text == "\ufeffName;Tags\r\nBerta;a, b\r\nAnna;a, b\r\n"


def test_ie_03_every_format_holds_the_same(admin) -> None:
    phones = [{"number": "+33612345678", "kind": "mobile"}, {"number": "+33142345678", "kind": "work"}]
    made = make(admin, "Kergal", phones=phones, emails=[{"address": "a@kergal.example"}], score=3)
    (row,) = table(admin.open("GET", "/contacts/export").text)
    assert row["id"] == str(made["id"]) and row["phones.2.number"] == "+33142345678" and row["score"] == "3"
    (found,) = [json.loads(x) for x in admin.open("GET", "/contacts/export?format=jsonl").text.splitlines()]
    assert [p["number"] for p in found["phones"]] == ["+33612345678", "+33142345678"]
    book = openpyxl.load_workbook(io.BytesIO(admin.open("GET", "/contacts/export?format=xlsx&fields=name,score").data))
    assert [[c.value for c in r] for r in book.active] == [["id", "name", "score"], [made["id"], "Kergal", 3]]
    card = admin.open("GET", "/contacts/export?format=vcard").text
    assert "TEL;TYPE=CELL,PREF:+33612345678\r\nTEL;TYPE=WORK,VOICE:+33142345678\r\n" in card


def test_ie_03_cells_that_would_be_formulas_are_shielded_and_come_back(admin) -> None:
    for number, text in enumerate(NASTY):
        make(admin, f"N{number}", description=f"{text}", external_id=f"x{number}")
    before = {r["name"]: r["description"] for r in admin.get("/contacts")["items"]}
    text = admin.open("GET", "/contacts/export?fields=external_id,name,description,kind").text
    cells = [r["description"] for r in table(text)]
    assert not [c for c in cells if c[:1] in "=+-@\t\r" and c]
    assert "'plain" not in cells and "''=kept" in cells and "'quoted" in cells
    for record in admin.get("/contacts")["items"]:
        admin.api("DELETE", f"/contacts/{record['id']}", status=204)
    report = admin.send("contacts", text.replace("id,", "x,", 1))
    assert report["counts"]["created"] == len(NASTY), report
    assert {r["name"]: r["description"] for r in admin.get("/contacts")["items"]} == before
    book = admin.open("GET", "/contacts/export?format=xlsx&fields=description").data
    kinds = {c.data_type for row in openpyxl.load_workbook(io.BytesIO(book)).active for c in row}
    assert "f" not in kinds


def test_ie_03_masks_and_private_records_hold_in_every_format(crm, admin, ann) -> None:
    make(admin, "Hidden", visibility="private", external_id="secret-1")
    make(ann, "Mine", visibility="private", external_id="mine-1")
    role = next(r["id"] for r in admin.get("/roles")["items"] if r["code"] == "user")
    masks = admin.get(f"/roles/{role}/fields/contacts")
    masks = {part: [key for key in keys if key != "external_id"] for part, keys in masks.items()}
    admin.api("PUT", f"/roles/{role}/fields/contacts", masks, status=204)
    for form in ("csv", "jsonl", "vcard"):
        text = ann.open("GET", f"/contacts/export?format={form}").text
        assert "Mine" in text and "Hidden" not in text and "mine-1" not in text and "external_id" not in text, form
    ann.get("/contacts/export?fields=external_id", status=400)
    ann.get("/contacts/export?filter=external_id%20%3D%20%22mine-1%22", status=400)
    ann.get("/contacts/export?sort=external_id", status=400)
    assert "mine-1" in admin.open("GET", "/contacts/export").text


def test_ie_03_who_may_not_export_gets_none_and_sees_no_button(crm, admin, ann) -> None:
    assert "/transfer/export/contacts" in ann.page("/contacts")
    role = next(r["id"] for r in admin.get("/roles")["items"] if r["code"] == "user")
    admin.api(
        "PUT", f"/roles/{role}/grants/contacts", {"read": {"level": "all"}, "export": {"level": "none"}}, status=204
    )
    assert "/transfer/export/contacts" not in ann.page("/contacts")
    ann.get("/contacts/export", status=403)
    ann.page("/transfer/export/contacts", status=403)
    ann.api("POST", "/exports", {"source": "contacts", "format": "csv"}, status=422)


def test_ie_03_a_long_list_is_written_by_a_job_and_fetched_by_its_owner_alone(crm, admin, ann) -> None:
    for number in range(12):
        make(ann, f"C{number:02}")
    admin.api("PATCH", "/settings", {"transfer.direct_rows": 10}, status=204)
    assert "export" in ann.get("/contacts/export", status=409)["detail"]
    lead = ann.post("/transfer/export/contacts?filter=name+%21%3D+%22C00%22", {"format": "csv", "column": "name"})
    number = int(lead.headers["Location"].rpartition("/")[2])
    assert ann.get(f"/exports/{number}")["state"] == "waiting"
    assert "every 2s" in ann.page(f"/exports/{number}/panel/progress")
    crm.run_jobs()
    assert "every 2s" not in ann.page(f"/exports/{number}/panel/progress")
    found = ann.get(f"/exports/{number}")
    assert (found["state"], found["rows"]) == ("done", 11)
    assert f"/files/{found['file']['id']}" in ann.page(f"/exports/{number}")
    with ann.browser.get(f"/files/{found['file']['id']}") as answer:
        text = answer.text
    assert text.count("\r\n") == 12
    admin.get(f"/exports/{number}", status=404)
    assert admin.browser.get(f"/files/{found['file']['id']}").status_code == 404
    assert admin.get("/exports")["items"] == []
    ann.api("PATCH", f"/exports/{number}", {"owner": crm.admin}, status=422)
    assert ann.api("POST", "/exports", {"source": "contacts", "filter": "nonsense = 3"}, status=422)


def test_ie_03_a_cancelled_export_leaves_no_file(crm, admin) -> None:
    make(admin, "One")
    made = admin.api("POST", "/exports", {"source": "contacts", "format": "csv"}, status=201)
    job = admin.get("/jobs")["items"][0]
    admin.api("POST", f"/jobs/{job['id']}/cancel", {})
    crm.run_jobs()
    assert admin.get(f"/exports/{made['id']}")["file"] is None


def test_ie_03_an_export_that_is_repeated_is_written_again_and_others_go_away(crm, admin) -> None:
    make(admin, "One")
    again = admin.api("POST", "/exports", {"source": "contacts", "every": "daily"}, status=201)["id"]
    once = admin.api("POST", "/exports", {"source": "contacts"}, status=201)["id"]
    crm.run_jobs()
    first = admin.get(f"/exports/{again}")
    make(admin, "Two")
    with crm.as_user(None) as ctx:
        from crm_transfer.models import Export

        for row in ctx.session.query(Export):
            row.ended_at = ctx.now - dt.timedelta(days=8)
        jobs.enqueue(ctx, "transfer.again")
        jobs.enqueue(ctx, "transfer.clean")
    crm.run_jobs()
    second = admin.get(f"/exports/{again}")
    assert (first["rows"], second["rows"]) == (1, 2) and first["file"] != second["file"]
    admin.get(f"/exports/{once}", status=404)


def test_ie_03_off_it_leaves_no_trace_and_keeps_its_rows(crm, admin) -> None:
    made = admin.api("POST", "/exports", {"source": "contacts"}, status=201)
    crm.run_jobs()
    switching.disable(crm.database, crm.config, "transfer")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    page = admin.page("/contacts")
    assert "/transfer" not in page and "/exports" not in page
    for path in ("/contacts/export", "/exports", f"/exports/{made['id']}"):
        admin.get(path, status=404)
    assert "/contacts/export" not in str(admin.get("/openapi.json")["paths"].keys())
    switching.enable(crm.database, crm.config, "transfer")
    crm.refresh(force=True)
    admin = type(admin)(crm, crm.admin)
    assert admin.get(f"/exports/{made['id']}")["state"] == "done"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "status"),
    [("format=pdf", 422), ("headings=x", 422), ("separator=dot", 422), ("filter=%29", 400), ("fields=nope", 400),
     ("x=1", 400)],
)  # fmt: skip
def test_ie_03_a_wish_that_makes_no_sense_is_refused(admin, query: str, status: int) -> None:
    admin.open("GET", f"/contacts/export?{query}", status=status)
