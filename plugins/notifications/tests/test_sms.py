"""SMS: off until a gateway is set up (NT-10), the HTTP gateway, and Twilio's published contract."""

from __future__ import annotations

import base64
import datetime as dt
import json
from urllib.parse import parse_qs

import pytest

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
LATER = dt.timedelta(minutes=2)


@pytest.fixture
def setup(admin, gateway):
    def do(**values):
        given = {"private_hosts": f"127.0.0.1:{gateway.port}", **values}
        admin.api("PATCH", "/settings", {f"notifications.{k}": v for k, v in given.items()}, status=204)

    return do


def tick(person):
    person.choose(phone="06 12 34 56 78")
    person.only("activities.task", "sms")


def test_nt_10_off_until_configured_and_then_with_a_warning(ann, bob, setup, gateway, deliver):
    assert "SMS is off" in bob.page("/notifications/preferences")
    assert 'value="activities.task sms" aria-label="A task is given to you: SMS" disabled' in bob.page(
        "/notifications/preferences"
    )
    setup(sms_gateway="http")
    assert bob.api("GET", "/notifications/preferences")["available"]["sms"] is False
    setup(http_url=f"{gateway.url}/send")
    page = bob.page("/notifications/preferences")
    assert "SMS may cost money" in page and "SMS is off" not in page
    refused = bob.choose(kinds={"activities.task": {"sms": True}}, status=422)
    assert [e["field"] for e in refused["errors"]] == ["phone"]


def test_the_http_gateway_gets_what_the_template_says(ann, bob, setup, gateway, deliver):
    setup(sms_gateway="http", http_url=f"{gateway.url}/send?v=1", http_secret="hush",
          http_body='{"recipient": "{to}", "message": "{text}"}')  # fmt: skip
    tick(bob)
    ann.add("tasks", title='Say "{to}" \\ héllo', assigned_to=bob.id)
    assert deliver()["sent"] == 1
    (path, headers, body), sent = gateway.calls[0], json.loads(gateway.calls[0][2])
    assert (path, headers["Authorization"]) == ("/send?v=1", "Bearer hush")
    assert sent == {"recipient": "+33612345678", "message": 'New task: Say "{to}" \\ héllo'}
    assert body.isascii()
    setup(http_type="application/x-www-form-urlencoded", http_body="to={to}&m={text}")
    ann.add("tasks", title="a&b=c", assigned_to=bob.id)
    assert deliver()["sent"] == 1
    assert parse_qs(gateway.calls[1][2]) == {"to": ["+33612345678"], "m": ["New task: a&b=c"]}


def test_trouble_is_tried_again_a_refusal_is_not_and_private_networks_are_not_called(
    ann, bob, admin, setup, gateway, deliver
):
    setup(sms_gateway="http", http_url=gateway.url)
    tick(bob)
    gateway.status = 503
    ann.add("tasks", title="Again", assigned_to=bob.id)
    assert deliver()["later"] == 1
    gateway.status = 400
    assert deliver(dt.datetime.now(dt.UTC) + LATER)["failed"] == 1
    assert len(gateway.calls) == 2
    admin.api("PATCH", "/settings", {"notifications.private_hosts": ""}, status=204)
    ann.add("tasks", title="Nowhere", assigned_to=bob.id)
    assert deliver()["failed"] == 1
    assert len(gateway.calls) == 2


def test_twilio_gets_a_message_as_its_documentation_says(ann, bob, setup, gateway, deliver):
    """POST /2010-04-01/Accounts/{sid}/Messages.json with To, From and Body, Basic authentication; 201 and JSON."""
    setup(sms_gateway="twilio", twilio_url=gateway.url, twilio_account="AC0123", twilio_token="hush",
          twilio_from="+15005550006")  # fmt: skip
    gateway.status, gateway.answer = 201, json.dumps({"sid": "SM1", "status": "queued"})
    tick(bob)
    ann.add("tasks", title="Write", assigned_to=bob.id)
    assert deliver()["sent"] == 1
    path, headers, body = gateway.calls[0]
    assert path == "/2010-04-01/Accounts/AC0123/Messages.json"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"AC0123:hush"
    assert parse_qs(body) == {"To": ["+33612345678"], "From": ["+15005550006"], "Body": ["New task: Write"]}
    gateway.status = 400
    gateway.answer = json.dumps({"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400})
    ann.add("tasks", title="Wrong", assigned_to=bob.id)
    assert deliver()["failed"] == 1
    gateway.status, gateway.answer = 429, json.dumps({"code": 20429, "message": "Too Many Requests", "status": 429})
    ann.add("tasks", title="Later", assigned_to=bob.id)
    assert deliver()["later"] == 1
