"""Consent a channel (complaint of users: opt-in and opt-out with date and source)."""

from __future__ import annotations

from typing import Any


def consent(person: Any, number: int, values: dict[str, Any], *, status: int = 200) -> Any:
    return person.api("POST", f"/contacts/{number}/actions/consent", values, status=status)


def test_a_withdrawal_opts_out_in_the_same_transaction_and_giving_clears_it(crm, admin, ann) -> None:
    number = admin.api("POST", "/contacts", {"first_name": "Lena", "last_name": "Tangi"}, status=201)["id"]
    base = {"channel": "email", "source": "letter", "text": "May we write?"}
    consent(admin, number, {**base, "state": "withdrawn"}, status=200)
    assert admin.get(f"/contacts/{number}")["opt_out_email"] is True
    late = {**base, "state": "given", "at": "2020-01-01T10:00:00Z"}
    consent(admin, number, late, status=200)
    assert admin.get(f"/contacts/{number}")["opt_out_email"] is True, "what is older does not hold now"
    admin.api("POST", f"/contacts/{number}/actions/consent", {"channel": "email", "state": "given", "source": "call"})
    assert admin.get(f"/contacts/{number}")["opt_out_email"] is False
    consent(admin, number, {**base, "channel": "sms", "state": "withdrawn"}, status=200)
    held = {i["channel"]: i["state"] for i in admin.get(f"/contacts/{number}/consents")["items"]}
    assert held == {"email": "given", "sms": "withdrawn"}
    page = admin.page(f"/contacts/{number}?tab=privacy")
    assert "May we write?" in page and "letter" in page
    consent(admin, number, {**base, "state": "given", "at": "2100-01-01T10:00:00Z"}, status=422)
    consent(admin, number, {**base, "channel": "pigeon", "state": "given"}, status=422)


def test_the_log_of_consents_only_grows_and_follows_the_contact(crm, admin, ann) -> None:
    values = {"first_name": "Lena", "last_name": "Tangi", "visibility": "private"}
    number = admin.api("POST", "/contacts", values, status=201)["id"]
    made = consent(admin, number, {"channel": "post", "state": "given"}, status=200)["result"]["id"]
    admin.api("PATCH", f"/consents/{made}", {"state": "withdrawn"}, status=422)
    admin.api("DELETE", f"/consents/{made}", status=409)
    assert admin.get(f"/consents/{made}")["state"] == "given"
    ann.get(f"/consents/{made}", status=404)
    ann.get(f"/contacts/{number}/consents", status=404)
    assert ann.get("/consents")["items"] == []
    consent(ann, number, {"channel": "post", "state": "given"}, status=404)
