"""A program and a browser of the administrator, and a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Rest:
    """The REST API as a person's program calls it; statuses are checked, answers are parsed JSON."""

    client: Any
    token: str

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json if answer.mimetype.endswith("json") else None

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.call("GET", path, status=status)

    def post(self, path: str, body: Any, *, status: int = 201) -> Any:
        return self.call("POST", path, body, status=status)

    def codes(self, path: str, body: Any, method: str = "POST") -> dict[str, str]:
        """Return the problems of a refused call by field."""
        return {e["field"]: e["code"] for e in self.call(method, path, body, status=422)["errors"]}


@pytest.fixture
def rest(crm) -> Rest:
    """The administrator's program."""
    return Rest(crm.client_of(None), crm.token_of(crm.admin))


@pytest.fixture
def driver(make) -> int:
    """A contact who drives."""
    return make("contacts.contact", kind="person", first_name="Anne", last_name="Martin", visibility="write")


@pytest.fixture
def car(make) -> int:
    """A free vehicle."""
    return make("fleet.vehicle", plate="AB-123-CD", model="Twingo", price="12000.00")
