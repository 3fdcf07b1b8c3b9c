"""People with API and pages, a real mail server, and a web server that takes SMS."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from crm_core.testing.services import smtp_sink


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Who tells, and who delivers; both are off at first."""
    return ("activities", "notifications")


@pytest.fixture
def samples(request) -> Any:
    """What the conformance suite can't find out from types: an event belongs to something."""
    found = request.getfixturevalue("sqlite_crm" if "sqlite_crm" in request.fixturenames else "crm")
    owner = found.make("contacts.contact", kind="company", name="Sample", visibility="write")
    return {"activities.event": {"company": owner}}


@dataclass
class Person:
    """A user with a browser and a token; statuses are checked, answers of the API are parsed JSON."""

    crm: Any
    id: int

    def __post_init__(self) -> None:
        self.browser = self.crm.client_of(self.id)
        self.token = self.crm.token_of(self.id)

    def api(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.browser.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.json if "json" in answer.mimetype else answer

    def add(self, slug: str, **values: Any) -> int:
        return int(self.api("POST", f"/{slug}", values, status=201)["id"])

    def contact(self, name: str = "Kergal", **values: Any) -> int:
        return self.add("contacts", **{"kind": "company", "visibility": "write", "name": name, **values})

    def choose(self, *, status: int = 200, **values: Any) -> Any:
        return self.api("PATCH", "/notifications/preferences", values, status=status)

    def only(self, kind: str, *channels: str) -> None:
        """Tick these channels of one kind and nothing else."""
        kinds = self.api("GET", "/notifications/preferences")["kinds"]
        ticks = {k["key"]: {c: k["key"] == kind and c in channels for c in ("app", "email", "sms")} for k in kinds}
        self.choose(kinds=ticks)

    def notices(self, query: str = "") -> list[Any]:
        return list(self.api("GET", f"/notifications?{query}")["items"])

    def subjects(self) -> list[str]:
        return [n["subject"] for n in self.notices()]

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer


@pytest.fixture
def admin(crm) -> Person:
    """The administrator."""
    return Person(crm, crm.admin)


@pytest.fixture
def ann(crm) -> Person:
    """A user."""
    return Person(crm, crm.add_user("ann@example.org", "Ann Example"))


@pytest.fixture
def bob(crm) -> Person:
    """Another user."""
    return Person(crm, crm.add_user("bob@example.org", "Bob Example"))


@dataclass
class Post:
    """A real mail server that the deployment sends to; ``down()`` makes it unreachable, ``up()`` brings it back."""

    crm: Any
    sink: Any

    def up(self) -> None:
        self._use(f"smtp://{self.sink.host}:{self.sink.port}")

    def down(self) -> None:
        self._use("smtp://127.0.0.1:1")

    def _use(self, url: str) -> None:
        self.crm.config = dataclasses.replace(self.crm.config, smtp_url=url, base_url="https://crm.example.org")

    @property
    def mails(self) -> list[tuple[str, str]]:
        """Return address and subject of what arrived."""
        return [(m.recipients[0], m.message["Subject"]) for m in self.sink.messages]

    @property
    def texts(self) -> list[str]:
        return [m.message.get_content() for m in self.sink.messages]


@pytest.fixture
def post(crm) -> Iterator[Post]:
    """Mail that arrives."""
    with smtp_sink() as sink:
        found = Post(crm, sink)
        found.up()
        yield found


@pytest.fixture
def deliver(crm) -> Any:
    """``deliver(moment)``: what the job does, as at that moment."""
    from crm_notifications import delivery

    class Run:
        """One start of the job at a moment."""

        def __init__(self, now: dt.datetime | None) -> None:
            self.deployment, self.now = crm, now

        def check_cancelled(self) -> None:
            """Nobody cancels."""

        def operation(self, *, actor: Any, write: bool = True) -> Any:
            return crm.operation(actor, write=write, now=self.now)

    return lambda now=None: delivery.deliver(Run(now))


@dataclass
class Gateway:
    """A web server on the loopback interface: what it was sent, and what it answers."""

    port: int = 0
    status: int = 200
    answer: str = "{}"
    calls: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway for SMS."""
    found = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.calls.append((self.path, dict(self.headers), body))
            self.send_response(found.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(found.answer.encode())

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()
