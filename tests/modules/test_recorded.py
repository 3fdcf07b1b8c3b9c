"""Events that timelines tell by themselves, contributed by modules and switched by administrators (KN-20)."""

from __future__ import annotations

import pytest

from crm_core.errors import Conflict
from tests.modules.conftest import Browser, anew, turn

VALIDATED = "recorded.contacts.contact.invoices.validated"
INVOICES = """
    def validate(ctx, record, data):
        return {"told": timeline.record(ctx, "contacts.contact", record.id, "invoices.validated", "F-2026-001")}

    @hookimpl
    def crm_contribute():
        return [
            RecordedEvent(entity="contacts.contact", key="invoices.validated", label="Invoice validated"),
            RecordedEvent(entity="contacts.contact", key="invoices.sent", label="Invoice sent", on=False),
            ActionDef(entity="contacts.contact", name="validate", label="Validate", handler=validate),
        ]
"""


@pytest.fixture
def invoices(crm, folder):
    """A deployment with a module that tells of its invoices in the timeline of their customer."""
    folder("invoices", INVOICES, requires=["contacts"])
    anew(crm)
    turn(crm, on="invoices")
    return crm


def told(admin, record, kind="timeline"):
    items = admin.get(f"/api/v1/contacts/{record}/{kind}").json["items"]
    return [(item.get("title") or item["action"]) for item in items]


def validate(admin, record):
    return admin.send("POST", f"/api/v1/contacts/{record}/actions/validate", {}).json["result"]["told"]


def test_kn_20_an_event_that_is_switched_off_writes_no_entry(invoices):
    admin = Browser(invoices, invoices.admin)
    record = invoices.make("contacts.contact", kind="company", name="Alpina")
    assert validate(admin, record)
    assert told(admin, record) == ["Invoice validated", "created"]
    page = admin.get("/settings/recorded").text
    assert page.index("Invoice validated") < page.index("Invoice sent")
    assert admin.post("/settings/recorded", **{VALIDATED: "false"}).status_code == 303
    invoices.refresh(force=True)
    assert not validate(admin, record)
    assert told(admin, record) == ["Invoice validated", "created"]
    assert admin.send("PATCH", "/api/v1/settings", {VALIDATED: True}).status_code == 204
    invoices.refresh(force=True)
    assert validate(admin, record)
    assert told(admin, record) == ["Invoice validated", "Invoice validated", "created"]
    assert "F-2026-001" in admin.get(f"/contacts/{record}").text
    turn(invoices, off="invoices")
    admin = Browser(invoices, invoices.admin)
    assert told(admin, record)[0] == "Invoice validated"
    assert "Invoice validated" not in admin.get("/settings/recorded").text
    assert admin.send("PATCH", "/api/v1/settings", {VALIDATED: False}).status_code == 422
    user = Browser(invoices, invoices.add_user("u@example.org", "Una User"))
    assert [user.get("/settings/recorded").status_code, user.post("/settings/recorded").status_code] == [403, 403]


def test_kn_20_changes_are_switched_apart_and_the_history_stays_whole(crm):
    admin = Browser(crm, crm.admin)
    record = crm.make("contacts.contact", kind="company", name="Alpina")

    def change(**values):
        crm.refresh(force=True)
        assert admin.send("PATCH", f"/api/v1/contacts/{record}", values).status_code == 200
        return told(admin, record).count("changed")

    def switch(**on):
        values = {f"recorded.contacts.contact.{key.replace('__', '.')}": value for key, value in on.items()}
        assert admin.send("PATCH", "/api/v1/settings", values).status_code == 204

    assert change(size="small") == 1
    switch(changed=False)
    assert change(size="large") == 1
    assert change(prospect_status="contacted", size="micro") == 2
    switch(contacts__status=False)
    assert change(prospect_status="to_contact") == 2
    switch(changed=True, created=False)
    assert change(prospect_status="contacted") == 2
    assert change(size="small", prospect_status="to_contact") == 3
    assert told(admin, record, "history") == ["update"] * 6 + ["create"]
    record = crm.make("contacts.contact", kind="company", name="Silent")
    assert told(admin, record) == []
    assert told(admin, record, "history") == ["create"]


def test_an_event_without_its_modules_name_is_refused(crm, folder):
    folder("odd", INVOICES.replace('"invoices.validated", label', '"contacts.made", label'), requires=["contacts"])
    anew(crm)
    with pytest.raises(Conflict, match="begins with the module's name"):
        turn(crm, on="odd")
    assert Browser(crm, crm.admin).get("/settings/recorded").status_code == 200
