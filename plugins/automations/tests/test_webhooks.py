"""Calls of web addresses: signed, tried again, never into the network the CRM stands in."""

import base64
import datetime as dt
import hashlib
import hmac
import socket
import time

import pytest

from crm_core import outgoing

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def allow(admin, *hosts):
    admin.api("PATCH", "/settings", {"automations.private_hosts": " ".join(hosts)}, status=204)


def details(admin):
    return admin.items("/automation-runs")[0]["detail"].splitlines()


def test_a_call_is_signed_and_says_what_happened(admin, ann, crm, listener):
    allow(admin, f"127.0.0.1:{listener.port}")
    made = admin.automation({"kind": "webhook", "target": listener.url, "value": "name, score"}, name="Hook")
    contact = ann.contact("Kergal", score=4)
    crm.run_jobs()
    (path, headers, body), sent = listener.calls[0], listener.bodies[0]
    assert path == "/hook?of=crm"
    assert sent["record"] == {"entity": "contacts.contact", "id": contact["id"], "title": "Kergal",
                              "values": {"name": "Kergal", "score": 4}}  # fmt: skip
    assert (sent["event"], sent["automation"]) == ("created", {"id": made["id"], "name": "Hook"})
    key = base64.b64decode(admin.get(f"/automations/{made['id']}")["signing_key"].removeprefix("whsec_"))
    content = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{body}".encode()
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["Webhook-Signature"] == f"v1,{expected}"
    assert abs(int(headers["Webhook-Timestamp"]) - time.time()) < 300
    assert details(admin)[-1] == f"{listener.url} answered 200"
    assert len(listener.calls) == 1


def test_a_target_that_is_down_is_tried_again_and_gets_the_same_message(admin, ann, crm, listener):
    allow(admin, "127.0.0.1")
    admin.automation({"kind": "webhook", "target": listener.url})
    listener.status = 503
    ann.contact()
    crm.run_jobs()
    assert len(listener.calls) == 1
    assert admin.runs() == [("Test", "done")]
    waiting = admin.items("/jobs?everyone=1")[0]
    assert (waiting["name"], waiting["state"]) == ("automations.webhook", "waiting")
    listener.status = 204
    crm.run_jobs(until=LATER)
    assert [h["Webhook-Id"] for _, h, _ in listener.calls] == [listener.bodies[0]["id"]] * 2
    assert listener.bodies[0] == listener.bodies[1]
    assert details(admin)[-1] == f"{listener.url} answered 204"


@ON_SQLITE
def test_after_the_last_try_it_is_an_incident_and_the_record_is_saved(admin, ann, crm, listener):
    allow(admin, "127.0.0.1")
    admin.api("PATCH", "/settings", {"automations.webhook_tries": 3}, status=204)
    admin.automation({"kind": "webhook", "target": listener.url}, {"kind": "set", "target": "score", "value": "2"})
    listener.status = 500
    made = ann.contact()
    crm.run_jobs(until=LATER)
    assert len(listener.calls) == 3
    assert admin.runs() == [("Test", "failed")]
    assert details(admin)[-1] == f"{listener.url} was not reached: it answered 500"
    assert ann.get(f"/contacts/{made['id']}")["score"] == 2
    assert eventually(lambda: "it answered 500" in incidents(crm))


def incidents(crm):
    from crm_core.models import Incident

    with crm.database.transaction(write=False) as session:
        return " ".join(i.message for i in session.query(Incident).all())


def eventually(holds):
    """Wait for what another thread writes."""
    end = time.monotonic() + 90
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


@ON_SQLITE
def test_addresses_of_private_networks_are_refused_at_once(admin, ann, crm, listener):
    admin.automation({"kind": "webhook", "target": listener.url})
    ann.contact()
    crm.run_jobs(until=LATER)
    assert listener.calls == []
    assert details(admin)[-1] == f"{listener.url} was not reached: 127.0.0.1 lies in a private network"


@ON_SQLITE
def test_a_redirect_is_not_followed(admin, ann, crm, listeners):
    first, second = listeners(), listeners()
    allow(admin, f"127.0.0.1:{first.port}")
    admin.api("PATCH", "/settings", {"automations.webhook_tries": 1}, status=204)
    first.status, first.headers = 307, {"Location": second.url}
    admin.automation({"kind": "webhook", "target": first.url})
    ann.contact()
    crm.run_jobs()
    assert (len(first.calls), len(second.calls)) == (1, 0)
    assert details(admin)[-1] == f"{first.url} was not reached: it answered 307"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.0.0.2", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
)  # fmt: skip
def test_no_address_of_a_private_network_counts_as_public(address):
    assert not outgoing.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_addresses_of_the_internet_are_public(address):
    assert outgoing.is_public(address)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_other_writings_of_this_machine_are_seen_through(host, listener):
    with pytest.raises((outgoing.Refused, outgoing.Failed)):
        outgoing.post(f"http://{host}:{listener.port}/", b"", {})
    assert listener.calls == []


def test_a_name_is_resolved_once_and_the_checked_address_is_called(monkeypatch, listener):
    """A name server that answers differently the second time leads nowhere else."""
    asked = []

    def resolve(host, port, *args, **options):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: (
        resolve(host, *a, **k) if host.endswith("example.org") else real(host, *a, **k)))  # fmt: skip
    url = f"http://hooks.example.org:{listener.port}/"
    with pytest.raises(outgoing.Refused):
        outgoing.post(url, b"{}", {})
    asked.clear()
    assert outgoing.post(url, b"{}", {}, {f"hooks.example.org:{listener.port}"}) == 200
    assert asked == ["hooks.example.org"]
    assert listener.calls[0][1]["Host"] == f"hooks.example.org:{listener.port}"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "http://user:secret@example.org/", "http://", "javascript:alert(1)",
     "http://example.org:99999/", "http://exa mple.org/"],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises((outgoing.Refused, outgoing.Failed)):
        outgoing.post(url, b"", {})
