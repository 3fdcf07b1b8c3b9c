"""The fleet from outside: pages, REST, the board, what contacts get from it, its job and its size."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from crm_core import switching

PACKAGE = Path(__file__).parent.parent / "crm_fleet"
ASSIGNMENTS = "/vehicle-assignments"


def test_plates_are_written_alike_and_checked(rest):
    assert rest.post("/vehicles", {"plate": " gh 456 jk "})["plate"] == "GH-456-JK"
    assert rest.codes("/vehicles", {"plate": "GH/456"}) == {"plate": "format"}
    assert rest.codes("/vehicles", {"plate": "GH 456 JK"}) == {"plate": "unique"}


def test_services_are_lines_and_move_the_meter(rest, client):
    lines = [
        {"work": "inspection", "day": "2025-03-01", "mileage": 21000, "cost": "310.50"},
        {"work": "tyres", "day": "2026-04-01", "mileage": 32000, "cost": "400.00"},
    ]
    made = rest.post("/vehicles", {"plate": "AA-1", "mileage": 500, "services": lines})
    assert made["mileage"] == 32000
    assert [line["cost"] for line in made["services"]] == ["310.50", "400.00"]
    page = client.get("/fleet/costs").text
    assert "310.50" in page and "400.00" in page and "2025" in page


def test_a_vehicle_has_one_driver_at_a_time_until_it_is_given_back(rest, car, driver):
    first = rest.post(ASSIGNMENTS, {"vehicle": car, "contact": driver, "since": "2026-01-05"})
    assert first["name"] == "AB-123-CD: Anne Martin"
    assert rest.get(f"/vehicles/{car}")["status"] == "driven"
    assert rest.codes(ASSIGNMENTS, {"vehicle": car, "contact": driver}) == {"vehicle": "taken"}
    wrong = {"vehicle": car, "contact": driver, "since": "2026-01-05", "until": "2026-01-01"}
    assert rest.codes(ASSIGNMENTS, wrong) == {"until": "order"}
    answer = rest.post(f"/vehicles/{car}/actions/give-back", {"mileage": 41000}, status=200)
    assert "AB-123-CD" in str(answer)
    found = rest.get(f"/vehicles/{car}")
    assert (found["status"], found["mileage"]) == ("free", 41000)
    assert rest.get(f"{ASSIGNMENTS}/{first['id']}")["until"] is not None


def test_contacts_have_a_licence_and_a_tab(rest, client, car, driver):
    rest.call("PATCH", f"/contacts/{driver}", {"fleet": {"licence": "12AB34567"}})
    assert [c["id"] for c in rest.get("/contacts?fleet.licence=12AB34567")["items"]] == [driver]
    rest.post(ASSIGNMENTS, {"vehicle": car, "contact": driver, "since": "2026-01-05"})
    assert "AB-123-CD" in client.get(f"/contacts/{driver}?tab=vehicles").text


def test_the_board_has_columns_with_sums_and_cards_can_be_moved(rest, client, car, make):
    make("fleet.vehicle", plate="EF-9", price="8000.50")
    page = client.get("/vehicles/board").text
    assert re.findall(r'data-column="(\w*)"', page) == ["free", "driven", "workshop", "sold"]
    assert "20,000.50" in page
    version = rest.get(f"/vehicles/{car}")["version"]
    data = {"id": car, "value": "workshop", "version": version}
    head = {"X-CSRF-Token": client.csrf, "HX-Request": "true"}
    part = client.post("/vehicles/board/move", data=data, headers=head)
    assert part.status_code == 200 and "<html" not in part.text and "8,000.50" in part.text
    assert rest.get(f"/vehicles/{car}")["status"] == "workshop"
    stale = client.post("/vehicles/board/move", data={**data, "value": "sold"}, headers=head)
    assert stale.status_code == 200 and "changed" in stale.headers["HX-Trigger"]
    assert rest.get(f"/vehicles/{car}")["status"] == "workshop"


def test_the_board_obeys_filters_and_refuses_nonsense(rest, client, car):
    assert "AB-123-CD" not in client.get("/vehicles/board?filter=plate+%3D+%22XX%22").text
    assert client.get("/contacts/board").status_code == 404
    assert client.get("/vehicles/board?filter=nonsense+%3D+1").status_code == 400
    head = {"X-CSRF-Token": client.csrf}
    refused = client.post("/vehicles/board/move", data={"id": car, "value": "no such"}, headers=head)
    assert refused.status_code == 303
    assert rest.get(f"/vehicles/{car}")["status"] == "free"
    assert client.post("/vehicles/board/move", data={"id": "x"}, headers=head).status_code == 404


def test_the_job_notes_inspections_that_are_near_once(rest, crm, make):
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    due = make("fleet.vehicle", plate="DUE-1", inspection_on=day)
    make("fleet.vehicle", plate="LATER-1", inspection_on=day + dt.timedelta(days=1))
    with crm.as_user(crm.admin) as ctx:
        from crm_core import jobs

        jobs.enqueue(ctx, "fleet.remind", {})
    crm.run_jobs()
    notes = rest.get(f"/vehicles/{due}/comments")
    assert [n["body"] for n in notes["items"]] == [f"Inspection on {day}"]


def test_another_person_sees_what_roles_and_visibility_allow(rest, crm, actor_with, statements):
    hidden = rest.post("/vehicles", {"plate": "HID-1", "visibility": "private"})["id"]
    client = crm.client_of(actor_with("user"))
    assert client.get(f"/vehicles/{hidden}").status_code == 404
    assert "HID-1" not in client.get("/vehicles/board").text
    with statements() as sent:
        client.get("/fleet/costs")
    assert len(sent) < 12


def test_the_whole_plugin_is_small():
    """At most 400 lines of code, revisions left out."""
    files = [p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".html", ".toml") and "migrations" not in p.parts]
    lines = [line for p in files for line in p.read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 400


def test_drivers_and_vehicles_are_connected_without_a_word_until_the_module_is_off(crm, rest, client, car, driver):
    rest.post(ASSIGNMENTS, {"vehicle": car, "contact": driver, "since": "2026-01-05"})
    (edge,) = rest.get(f"/contacts/{driver}/connections")["edges"]
    assert (edge["from"]["title"], edge["relation"], edge["to"]["title"]) == ("AB-123-CD", "Driver", "Anne Martin")
    assert rest.get(f"/vehicles/{car}/connections")["edges"] == [edge]
    assert "AB-123-CD" in client.get(f"/contacts/{driver}?tab=connections").text
    switching.disable(crm.database, crm.config, "fleet")
    crm.refresh(force=True)
    assert rest.get(f"/contacts/{driver}/connections")["edges"] == []
    switching.enable(crm.database, crm.config, "fleet")
    crm.refresh(force=True)
    assert rest.get(f"/contacts/{driver}/connections")["edges"] == [edge]
