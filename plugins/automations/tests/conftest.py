"""An administrator and a user with API, pages and jobs; a web server that takes calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@pytest.fixture
def samples(crm) -> Any:
    """What the conformance suite can't find out from types: a step that can be done."""
    return {"automations.automation": {"steps": [{"kind": "notify", "user": crm.admin, "value": "Look"}]}}


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
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json if "json" in answer.mimetype else answer.text

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def items(self, path: str) -> list[Any]:
        return list(self.get(path)["items"])

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer

    def contact(self, name: str = "Kergal", **values: Any) -> Any:
        """Create a company everyone may read and change."""
        body = {"kind": "company", "name": name, "visibility": "write", **values}
        return self.api("POST", "/contacts", body, status=201)

    def automation(self, *steps: Any, status: int = 201, **values: Any) -> Any:
        """Define an automation on contacts."""
        body = {"name": "Test", "watched": "contacts.contact", "trigger": "created", "steps": list(steps), **values}
        return self.api("POST", "/automations", body, status=status)

    def runs(self, query: str = "") -> list[tuple[str, str]]:
        """Return name and outcome of the runs, the oldest first."""
        found = self.items(f"/automation-runs?sort=id&fields=name,outcome&{query}")
        return [(run["name"], run["outcome"]) for run in found]


@pytest.fixture
def admin(crm) -> Person:
    """The administrator, who owns the automations."""
    return Person(crm, crm.admin)


@pytest.fixture
def ann(crm) -> Person:
    """A user."""
    return Person(crm, crm.add_user("ann@example.org", "Ann Example"))


@dataclass
class Listener:
    """A web server on the loopback interface: what it was sent, and what it answers."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=crm"

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.calls]


@pytest.fixture
def listeners() -> Iterator[Any]:
    """``listeners()``: a new web server."""
    servers: list[ThreadingHTTPServer] = []

    def start() -> Listener:
        found = Listener()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                found.calls.append((self.path, dict(self.headers), body))
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        found.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return found

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def listener(listeners) -> Listener:
    """One web server."""
    return listeners()
