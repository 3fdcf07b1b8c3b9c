"""Two companies of one group, people of each, and the REST API and pages as they use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Person:
    """A user with a browser and a token; statuses are checked, answers of the API are parsed JSON."""

    crm: Any
    id: int

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> Person:
        """Sign in to the application as it is now."""
        self.browser = self.crm.client_of(self.id)
        self.token = self.crm.token_of(self.id)
        return self

    def api(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.browser.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json if "json" in answer.mimetype else answer.text

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def new(self, name: str = "Kergal", *, status: int = 201, **values: Any) -> Any:
        """Create a customer that roles and visibility let everyone see and change."""
        body = {"kind": "company", "name": name, "visibility": "write", **values}
        return self.api("POST", "/contacts", body, status=status)

    def names(self, query: str = "") -> list[str]:
        return [item["title"] for item in self.get(f"/contacts?{query}")["items"]]

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer


@dataclass
class Group:
    """The group's companies by name, and people by name."""

    north: int
    south: int
    ann: Person
    ben: Person
    eve: Person
    admin: Person


@pytest.fixture
def admin(crm) -> Person:
    """The administrator, of no company."""
    return Person(crm, crm.admin)


@pytest.fixture
def group(crm, admin) -> Group:
    """Ann works for North, Ben for South, Eve for both with North as her main company."""
    north, south = (admin.api("POST", "/group-companies", {"name": n}, status=201)["id"] for n in ("North", "South"))
    people = {}
    for name, companies in (("Ann", [north]), ("Ben", [south]), ("Eve", [north, south])):
        user = crm.add_user(f"{name.lower()}@example.org", f"{name} Example")
        admin.api("POST", "/company-memberships", {"user": user, "companies": companies}, status=201)
        people[name.lower()] = Person(crm, user)
    return Group(north, south, admin=admin, **people)
