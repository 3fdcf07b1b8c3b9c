"""Files of any kind of record in: columns, keys, links, lists, trial, report, undo (IE-01, complaints 5 to 8)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from crm_core.testing.sources import on_path, project_of

FLEET = Path(__file__).parents[3] / "examples" / "fleet"
HEAD = "Plate,Model,State of it,Mileage,Price,services.1.work,services.1.cost\n"


@pytest.fixture
def crm_on_path() -> Iterator[None]:
    """Let the example fleet be found: another kind of record, with lines, links and a list."""
    with on_path((project_of(FLEET),)):
        yield


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Import and export, and the fleet."""
    return ("transfer", "fleet")


def vehicles(person) -> dict:
    return {v["plate"]: v for v in person.get("/vehicles")["items"]}


def rows_of(person, query: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(person.open("GET", query).text)))


def test_ie_01_any_kind_of_record_is_imported_by_its_columns(admin) -> None:
    text = HEAD + "AA-1,Van,free,1200,19000.50,repair,80.00\nBB-2,Car,nonsense,x,,,\n"
    report = admin.send("vehicles", text, map="State of it=status")
    assert (report["counts"]["created"], report["counts"]["failed"]) == (1, 1)
    assert {p["field"] for p in report["problems"]} == {"status", "mileage"} and report["problems"][0]["line"] == 3
    rows = admin.open("GET", f"/vehicles/import/{report['id']}/failed").text
    assert "BB-2,Car,nonsense" in rows and "Line 3: " in rows
    found = vehicles(admin)["AA-1"]
    assert (found["model"], found["mileage"], found["price"]) == ("Van", 1200, "19000.50")
    assert [(s["work"], s["cost"]) for s in found["services"]] == [("repair", "80.00")]


def test_ie_01_complaint_5_import_again_updates_by_key_and_keeps_what_the_file_does_not_say(admin) -> None:
    admin.send("vehicles", "plate,model,mileage\nAA-1,Van,10\nBB-2,Car,20\n")
    before = vehicles(admin)
    admin.api("POST", f"/vehicles/{before['AA-1']['id']}/comments", {"body": "keep me"}, status=201)
    again = admin.send("vehicles", "plate,model,mileage\nAA-1,,11\nCC-3,Bus,30\n", match="plate")
    assert (again["counts"]["updated"], again["counts"]["created"]) == (1, 1)
    now = vehicles(admin)
    assert now["AA-1"]["id"] == before["AA-1"]["id"] and now["AA-1"]["model"] == "Van" and now["AA-1"]["mileage"] == 11
    assert "keep me" in str(admin.get(f"/vehicles/{now['AA-1']['id']}/comments"))
    admin.send("vehicles", "plate,model\nAA-1,\n", match="plate", clear="1")
    assert vehicles(admin)["AA-1"]["model"] is None
    for mode, counts in (("skip", (1, 0, 1)), ("update", (0, 1, 1))):
        plate = {"skip": "DD-4", "update": "EE-5"}[mode]
        report = admin.send("vehicles", f"plate,mileage\nAA-1,99\n{plate},1\n", match="plate", mode=mode)["counts"]
        assert (report["created"], report["updated"], report["skipped"]) == counts, mode
    assert vehicles(admin)["AA-1"]["mileage"] == 99 and "EE-5" not in vehicles(admin)


def test_ie_01_complaint_6_import_after_deletion_makes_the_records_again(admin) -> None:
    people = "External id,First name,Last name\nX1,Ada,Lovelace\n"
    for slug, text, match in (("vehicles", "plate,model\nAA-1,Van\n", "plate"), ("contacts", people, "external_id")):
        admin.send(slug, text, match=match)
        (made,) = admin.get(f"/{slug}")["items"]
        admin.api("DELETE", f"/{slug}/{made['id']}", status=204)
        assert admin.send(slug, text, match=match)["counts"]["created"] == 1
        assert admin.send(slug, text, match=match)["counts"]["skipped"] == 1
        (again,) = admin.get(f"/{slug}")["items"]
        assert again["id"] != made["id"]


def test_ie_01_complaint_7_undoing_an_import_tells_what_went_back_stayed_and_failed(crm, admin) -> None:
    admin.send("vehicles", "plate,mileage\nAA-1,10\nBB-2,20\n")
    text = "plate,mileage\nAA-1,11\nBB-2,21\n" + "".join(f"N-{n},1\n" for n in range(30))
    done = admin.send("vehicles", text, match="plate")
    assert (done["counts"]["updated"], done["counts"]["created"]) == (2, 30)
    now = vehicles(admin)
    admin.api("PATCH", f"/vehicles/{now['BB-2']['id']}", {"mileage": 99})
    admin.api("DELETE", f"/vehicles/{now['N-3']['id']}", status=204)
    undone = admin.api("POST", f"/batches/{done['batch']}/undo", {})
    assert (undone["state"], undone["undone"], undone["left"]) == ("done", 30, 2)
    reasons = {r["message"]: r["count"] for r in undone["reasons"]}
    assert reasons == {"Mileage: Administrator has changed it since": 1, "The record was deleted": 1}
    assert {p: v["mileage"] for p, v in vehicles(admin).items()} == {"AA-1": 10, "BB-2": 99}


def test_ie_01_a_key_that_is_not_unique_names_the_rows(admin) -> None:
    admin.send("vehicles", "plate,model\nAA-1,Van\nBB-2,Van\n")
    twice = admin.send("vehicles", "plate,model\nAA-1,x\nCC-3,y\nAA-1,z\n", match="plate")
    assert (twice["counts"]["updated"], twice["counts"]["created"], twice["counts"]["failed"]) == (1, 1, 1)
    assert [(p["line"], p["code"]) for p in twice["problems"]] == [(4, "twice")]
    assert "2" in twice["problems"][0]["message"]
    several = admin.send("vehicles", "model,mileage\nVan,1\n", match="model", mode="update")
    admin.send("vehicles", "plate,model\nDD-4,Van\n")
    several = admin.send("vehicles", "model,mileage\nVan,1\n", match="model", mode="update")
    assert [p["code"] for p in several["problems"]] == ["ambiguous"] and several["counts"]["failed"] == 1


def test_ie_01_links_and_lists_are_made_or_refused_as_asked(admin) -> None:
    company = admin.api("POST", "/contacts", {"kind": "company", "name": "Kergal"}, status=201)
    admin.send("vehicles", "plate\nAA-1\n")
    text = "vehicle,Driver,since\nAA-1,Kergal,2026-01-02\nAA-1,Nobody,2026-01-02\n"
    report = admin.send("vehicle-assignments", text)
    assert (report["counts"]["created"], report["counts"]["failed"]) == (1, 1)
    assert [(p["field"], p["code"], p["value"]) for p in report["problems"]] == [("contact", "missing", "Nobody")]
    (made,) = admin.get("/vehicle-assignments")["items"]
    assert made["contact"]["id"] == company["id"]
    refused = admin.send("vehicles", "plate,status\nBB-2,On loan\n")
    assert refused["counts"]["failed"] == 1
    allowed = admin.send("vehicles", "plate,status\nBB-2,On loan\nCC-3,on loan\n", make="1")
    assert allowed["counts"]["created"] == 2, allowed
    assert len({v["status"] for p, v in vehicles(admin).items() if p in ("BB-2", "CC-3")}) == 1


def test_ie_01_a_trial_writes_nothing_and_an_import_is_undone(crm, admin) -> None:
    text = "plate,status\nAA-1,Fancy\n"
    trial = admin.send("vehicles", text, make="1", dry_run="1")
    assert trial["dry_run"] and trial["counts"]["created"] == 1 and not vehicles(admin)
    assert admin.send("vehicles", text)["counts"]["failed"] == 1, "the trial left no list entry"
    done = admin.send("vehicles", "plate\nAA-1\nBB-2\n")
    assert len(vehicles(admin)) == 2
    admin.api("POST", f"/batches/{done['batch']}/undo", {})
    crm.run_jobs()
    assert not vehicles(admin)


def test_ie_01_step_by_step_with_columns_remembered(crm, admin) -> None:
    content = "Kennzeichen;Modell\nAA-1;Van\nBB-2;Car\n"

    def upload():
        answer = admin.browser.post(
            "/vehicles/import", data={"file": (io.BytesIO(content.encode()), "cars.csv")},
            headers={"X-CSRF-Token": admin.browser.csrf},
        )  # fmt: skip
        assert answer.status_code == 303, answer.text[:500]
        return answer.headers["Location"]

    first = upload()
    page = admin.page(first)
    assert 'name="clear" value="1">' in page, "what a cell leaves empty stays unless one asks for it"
    assert "Read as Unicode (UTF-8) with “Semicolon”" in page
    assert "Kennzeichen" in page and "AA-1 · BB-2" in page and 'name="match"' in page
    admin.post(first, {"column.0": "plate", "column.1": "model", "match": "plate", "mode": "both", "do": "import"})
    crm.run_jobs()
    assert set(vehicles(admin)) == {"AA-1", "BB-2"}
    again = admin.page(upload())
    assert '<option value="plate" selected>' in again and '<option value="model" selected>' in again


def test_ie_01_rest_uploads_looks_changes_and_starts(crm, admin, ann) -> None:
    data = {"file": (io.BytesIO(b"Kennzeichen,Model\nAA-1,Van\n"), "cars.csv"), "draft": "1"}
    made = admin.open("POST", "/vehicles/import", data=data, content_type="multipart/form-data", status=202).json
    report = admin.get(f"/vehicles/import/{made['import']}")
    assert report["state"] == "draft" and report["mapping"] == {"Kennzeichen": "", "Model": "model"}
    path = f"/vehicles/import/{made['import']}/start"
    ann.api("POST", path, {}, status=404)
    admin.api("POST", path, {"mode": "sideways"}, status=422)
    admin.api("POST", path, {"map": {"Kennzeichen": "plate"}, "match": "plate"}, status=202)
    crm.run_jobs()
    assert admin.get(f"/vehicles/import/{made['import']}")["counts"]["created"] == 1
    admin.api("POST", path, {}, status=409)


def test_ie_01_columns_that_go_nowhere_or_twice_to_one_value_are_refused_at_once(admin) -> None:
    cases = {
        "unknown_field": ["a=nonsense"], "twice": ["a=mileage", "b=mileage"], "unknown_column": ["c=plate"],
    }  # fmt: skip
    for code, given in cases.items():
        refused = admin.send("vehicles", "a,b\nAA-1,BB-2\n", status=422, map=given)
        assert [e["code"] for e in refused["errors"]] == [code]
    twice = admin.send("vehicles", "a,b\n1,2\n", status=422, map=["a=mileage", "b=mileage"])["errors"][0]["message"]
    assert "column a" in twice and "column b" in twice
    wrong = admin.send("vehicles", "a\nAA-1\n", status=422, map="a=plate", match="nonsense")
    assert wrong["errors"][0]["field"] == "match"
    key = admin.send("vehicles", "a,b\n1,2\n", status=422, map=["a=plate", "b=plate"], match="plate")
    assert [e["code"] for e in key["errors"]] == ["twice"]


def test_ie_01_columns_for_one_field_are_joined_or_become_entries_of_their_own(admin) -> None:
    text = "plate,a,b,w1,w2,t1,t2\nAA-1,Big,Van,repair,tyres,old,red\nBB-2,,Car,,tyres,,\n"
    places = ["a=model", "b=model", "w1=services.1.work", "w2=services.1.work", "t1=tags", "t2=tags"]
    report = admin.send("vehicles", text, map=places, joiner="dash")
    assert report["counts"]["created"] == 2, report
    found = vehicles(admin)
    assert (found["AA-1"]["model"], found["BB-2"]["model"]) == ("Big – Van", "Car")
    assert [s["work"] for s in found["AA-1"]["services"]] == ["repair", "tyres"]
    assert (sorted(found["AA-1"]["tags"]), found["BB-2"]["tags"]) == (["old", "red"], [])
    people = "Given,Second,Surname,M1,M2,Born,Birth\nAda,King,Lovelace,a@x.example.org,b@x.example.org,,\n"
    places = ["Given=first_name", "Second=first_name", "Surname=last_name", "M1=emails.work.address"]
    report = admin.send("contacts", people, map=[*places, "M2=emails.work.address"], joiner="space")
    assert report["counts"]["created"] == 1, report
    (ada,) = admin.get("/contacts?kind=person")["items"]
    assert ada["first_name"] == "Ada King"
    assert [e["address"] for e in ada["emails"]] == ["a@x.example.org", "b@x.example.org"]
    refused = admin.send("contacts", people, status=422, map=[*places, "Born=birthday", "Birth=birthday"])
    assert [e["code"] for e in refused["errors"]] == ["twice"]


def test_ie_01_encoding_separator_and_quote_are_chosen_and_the_preview_follows(crm, admin, program, tmp_path) -> None:
    content = "Plate|'Model, as said'\nAA-1|'Émile|big'\n".encode("cp850")
    data = {"file": (io.BytesIO(content), "cars.txt"), "draft": "1", "separator": "comma"}
    made = admin.open("POST", "/vehicles/import", data=data, content_type="multipart/form-data", status=202).json
    path = f"/vehicles/import/{made['import']}"
    assert admin.get(path)["preview"]["separator"] == "comma" and admin.get(path)["header"][0] == "Plate|'Model"
    wrong = admin.api("PATCH", path, {"encoding": "klingon", "separator": "word"}, status=422)
    assert {e["field"] for e in wrong["errors"]} == {"encoding", "separator"}
    chosen = {"encoding": "cp850", "separator": "|", "quote": "single"}
    seen = admin.api("PATCH", path, {**chosen, "map": {}})
    assert seen["preview"] == {"rows": [["AA-1", "Émile|big"]], "encoding": "cp850", "separator": "bar",
                               "quote": "single"}  # fmt: skip
    assert seen["header"] == ["Plate", "Model, as said"] and seen["mapping"]["Plate"] == "plate"
    admin.api("POST", f"{path}/start", {"map": {"Model, as said": "model"}}, status=202)
    crm.run_jobs()
    assert vehicles(admin)["AA-1"]["model"] == "Émile|big"
    answer = admin.browser.post(
        "/vehicles/import", data={"file": (io.BytesIO(content), "cars.txt"), "separator": "comma"},
        headers={"X-CSRF-Token": admin.browser.csrf},
    )  # fmt: skip
    page = answer.headers["Location"]
    assert "Plate|&#39;Model" in admin.page(page)
    admin.post(page, {"do": "look", "encoding": "cp850", "separator": "bar", "quote": "single", "column.0": ""})
    shown = admin.page(page)
    assert "Émile|big" in shown and 'value="cp850" selected' in shown and "Vertical bar" in shown
    file = tmp_path / "cars.txt"
    file.write_bytes(content)
    options = ("--encoding", "cp850", "--separator", "bar", "--quote", "single")
    looked = program.json("import", "vehicles", str(file), *options, "--look")
    assert [c["values"] for c in looked["columns"]] == [["AA-1"], ["Émile|big"]]
    report = program.json("import", "vehicles", str(file), *options, "--map", "Model, as said=model",
                          "--match", "plate")  # fmt: skip
    assert (report["skipped"], report["failed"]) == (1, 0)


def test_ie_01_contacts_make_or_refuse_what_is_missing_like_any_other_kind_of_record(admin) -> None:
    text = "First name,Last name,Company,Tags,Type\nAda,Lovelace,Kergal,fair,Odd one\n"
    plain = admin.send("contacts", text)
    assert [(p["field"], p["value"]) for p in plain["problems"]] == [("type", "Odd one")]
    refused = admin.send("contacts", text.replace("Odd one", ""), make="0")
    assert refused["counts"]["failed"] == 1
    said = {(p["line"], p["field"], p["code"], p["value"]) for p in refused["problems"]}
    assert said == {(2, "tags", "missing", "fair")}
    company = admin.send("contacts", "First name,Last name,Company\nAda,Lovelace,Kergal\n", make="0")
    assert [(p["field"], p["value"]) for p in company["problems"]] == [("company", "Kergal")]
    assert admin.get("/contacts")["items"] == []
    made = admin.send("contacts", text, make="1")
    assert made["counts"]["created"] == 1, made
    (ada,) = admin.get("/contacts?kind=person")["items"]
    assert (ada["company"]["title"], ada["tags"]) == ("Kergal", ["fair"]) and ada["type"]
    assert admin.send("contacts", text.replace("Ada", "Bea"), make="0")["counts"]["created"] == 1


def test_ie_01_a_contact_that_stands_twice_in_a_file_is_taken_once_and_named(admin) -> None:
    head = "External id,First name,Last name,E-mail\n"
    report = admin.send("contacts", head + "X1,Ada,Lovelace,\nX2,Bea,Roe,\nx1,Ada,Again,\n")
    assert (report["counts"]["created"], report["counts"]["failed"]) == (2, 1)
    assert [(p["line"], p["code"]) for p in report["problems"]] == [(4, "twice")]
    assert "line 2" in report["problems"][0]["message"]
    again = head + ",Ada,L,ada@x.example.org\n,Eve,M,Ada@x.example.org\n"
    report = admin.send("contacts", again, match="email")
    assert [(p["line"], p["field"], p["code"]) for p in report["problems"]] == [(3, "email", "twice")]


def test_ie_01_the_command_line_takes_the_same_options(admin, program, tmp_path) -> None:
    path = tmp_path / "cars.csv"
    path.write_text("Kennzeichen,mileage\nAA-1,1\n")
    program.json("import", "vehicles", str(path), "--map", "Kennzeichen=plate", "--match", "plate")
    path.write_text("Kennzeichen,mileage\nAA-1,2\nBB-2,3\n")
    found = program.json(
        "import", "vehicles", str(path), "--map", "Kennzeichen=plate", "--match", "plate", "--mode", "update"
    )
    assert (found["updated"], found["created"], found["skipped"]) == (1, 0, 1)


def workbook(*rows) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def test_ie_01_workbooks_and_json_lines_are_read_by_every_importer(admin) -> None:
    sheet = workbook(["Plate", "Mileage", "Inspection_on"], ["AA-1", 12.0, "2026-03-04"], ["=1+1", 3, None])
    report = admin.send("vehicles", sheet, "cars.xlsx")
    assert report["counts"]["created"] >= 1 and vehicles(admin)["AA-1"]["mileage"] == 12
    line = json.dumps({"plate": "JJ-1", "services": [{"work": "repair", "day": "2026-01-02"}, {"work": "tyres"}]})
    assert admin.send("vehicles", line + "\n", "cars.jsonl")["counts"]["created"] == 1
    assert [s["work"] for s in vehicles(admin)["JJ-1"]["services"]] == ["repair", "tyres"]
    people = workbook(["First name", "Last name", "E-mail"], ["Ada", "Lovelace", "ada@lovelace.example.org"])
    assert admin.send("contacts", people, "people.xlsx")["counts"]["created"] == 1


@pytest.mark.parametrize("form", ["csv", "jsonl", "vcard"])
def test_ie_01_complaint_8_several_phones_and_addresses_survive_a_round_trip(admin, form: str) -> None:
    values = {
        "kind": "person", "first_name": "Anne", "last_name": "Martin", "external_id": "x-1", "tags": ["a", "b"],
        "emails": [{"address": "a@x.example.org", "kind": "work"}, {"address": "b@x.example.org", "kind": "home"}],
        "phones": [{"number": "+33612345678", "kind": "mobile"}, {"number": "+33142345678", "kind": "work"},
                   {"number": "+33142345679", "kind": "home"}],
        "addresses": [{"street": "1 rue A", "zip": "75001", "city": "Paris", "country": "FR", "kind": "work"},
                      {"street": "2 rue B", "city": "Brest", "country": "FR", "kind": "home"}],
    }  # fmt: skip
    made = admin.api("POST", "/contacts", values, status=201)
    ending = {"vcard": "vcf"}.get(form, form)
    fields = "kind,first_name,last_name,external_id,tags,emails,phones,addresses"
    text = admin.open("GET", f"/contacts/export?format={form}&fields={fields}").text.replace("\r\n", "\n")
    admin.api("DELETE", f"/contacts/{made['id']}", status=204)
    report = admin.send("contacts", text, f"people.{ending}")
    assert report["counts"]["created"] == 1, report
    (back,) = admin.get("/contacts?kind=person")["items"]
    for key in ("emails", "phones", "addresses"):
        kept = [{k: v for k, v in line.items() if k != "id"} for line in made[key]]
        assert [{k: v for k, v in line.items() if k != "id"} for line in back[key]] == kept, key
    assert sorted(back["tags"]) == ["a", "b"] and back["external_id"] == "x-1"


def test_ie_01_contacts_are_known_by_their_address_if_asked(admin) -> None:
    head = "First name,Last name,E-mail,Job title\n"
    admin.send("contacts", head + "Ada,Lovelace,ada@x.example.org,\n")
    report = admin.send("contacts", head + "Ada,Lovelace,ada@x.example.org,Countess\n", match="email")
    assert report["counts"]["updated"] == 1, report
    assert (
        admin.send("contacts", head + "Bob,Roe,bob@x.example.org,\n", match="email", mode="update")["counts"]["skipped"]
        == 1
    )
