"""People with API and pages, a contact, a template, and the reminders that are told at a moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest


@pytest.fixture
def samples(crm_or_sqlite) -> Any:
    """What the conformance suite can't find out from types: an event belongs to something."""
    owner = crm_or_sqlite.make("contacts.contact", kind="company", name="Sample", visibility="write")
    return {"activities.event": {"company": owner}}


@pytest.fixture
def crm_or_sqlite(request) -> Any:
    """The deployment of the running test, whichever it uses."""
    return request.getfixturevalue("sqlite_crm" if "sqlite_crm" in request.fixturenames else "crm")


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

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def add(self, slug: str, **values: Any) -> Any:
        return self.api("POST", f"/{slug}", values, status=201)

    def change(self, path: str, **values: Any) -> Any:
        return self.api("PATCH", path, values)

    def act(self, path: str, name: str, *, status: int = 200, **values: Any) -> Any:
        return self.api("POST", f"{path}/actions/{name}", values, status=status)

    def refused(self, method: str, path: str, body: Any) -> dict[str, str]:
        """Return the problems of a refused call by field."""
        return {e["field"]: e["code"] for e in self.api(method, path, body, status=422)["errors"]}

    def listed(self, slug: str, query: str = "") -> list[Any]:
        return list(self.get(f"/{slug}?limit=500&{query}")["items"])

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer

    def contact(self, name: str = "Kergal", **values: Any) -> int:
        named = {"name": name} if name else {}
        return int(self.add("contacts", **{"kind": "company", "visibility": "write", **named, **values})["id"])

    def event(self, contact: int, **values: Any) -> Any:
        body = {"subject": "Talk", "starts_at": "2031-03-03T09:00:00Z", "company": contact, **values}
        return self.add("events", **body)


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


@pytest.fixture
def template(admin) -> int:
    """A template for reminders of events."""
    body = {"name": "Standard", "subject": "{subject} at {starts}", "body": "See you.", "signature": "The team"}
    return int(admin.add("reminder-templates", **body)["id"])


@pytest.fixture
def tell(crm) -> Any:
    """``tell(moment)``: run the job's work as at that moment; returns (user, address, subject, body) of new notices."""
    from crm_activities import jobs
    from crm_activities.tables import Notice

    seen: set[int] = set()

    def run(moment: dt.datetime) -> list[tuple[Any, str, str, str]]:
        system = crm.system_actor("test")
        with crm.operation(system, now=moment) as ctx:
            for row in jobs.claim(ctx):
                jobs.tell(ctx, *row)
        with crm.operation(system) as ctx:
            rows = [n for n in ctx.session.query(Notice).order_by(Notice.id) if n.id not in seen]
            seen.update(n.id for n in rows)
            return [(n.user_id, n.email, n.subject, n.body) for n in rows]

    return run
