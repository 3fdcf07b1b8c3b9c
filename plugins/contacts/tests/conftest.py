"""Users, REST and browsers for the tests of contacts."""

from dataclasses import dataclass
from typing import Any

import pytest

CONTACTS = "/api/v1/contacts"


@dataclass
class Rest:
    """The REST API as one user's program calls it; answers are parsed JSON, ``status`` is checked."""

    client: Any
    token: str

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        url = path if path.startswith("/api") else f"/api/v1{path}"
        answer = self.client.open(url, method=method, json=body, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json if answer.is_json or "json" in answer.mimetype else answer

    def get(self, path: str, *, status: int = 200, **options: Any) -> Any:
        return self.call("GET", path, status=status, **options)

    def post(self, path: str, body: Any = None, *, status: int = 201) -> Any:
        return self.call("POST", path, body if body is not None else {}, status=status)

    def patch(self, path: str, body: Any, *, status: int = 200) -> Any:
        return self.call("PATCH", path, body, status=status)

    def delete(self, path: str, *, status: int = 204) -> Any:
        return self.call("DELETE", path, status=status)

    def new(self, **values: Any) -> Any:
        """Create a contact and return it."""
        return self.post("/contacts", values)

    def person(self, first: str = "Anne", last: str = "Martin", **values: Any) -> Any:
        """Create a person."""
        return self.new(kind="person", first_name=first, last_name=last, **values)

    def company(self, name: str = "Kergal SA", **values: Any) -> Any:
        """Create a company."""
        return self.new(kind="company", name=name, **values)

    def titles(self, query: str = "") -> list[str]:
        """Return the titles of a list of contacts, in its order."""
        return [item["title"] for item in self.get(f"/contacts?{query}")["items"]]

    def problems(self, method: str, path: str, body: Any, *, status: int = 422) -> dict[str, str]:
        """Return the codes of the problems of a refused call, by field."""
        found = self.call(method, path, body, status=status)
        return {problem["field"]: problem["code"] for problem in found["errors"]}


@dataclass
class Browser:
    """A signed-in browser: pages as text, forms posted with the token."""

    client: Any

    def get(self, path: str, *, status: int = 200, part: bool = False) -> str:
        answer = self.client.get(path, headers={"HX-Request": "true"} if part else {})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303, part: bool = False) -> Any:
        headers = {"X-CSRF-Token": self.client.csrf, **({"HX-Request": "true"} if part else {})}
        answer = self.client.post(path, data=data or {}, headers=headers)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer


@pytest.fixture
def rest(crm):
    """``rest(user)``: the REST API as a user, the administrator without one."""

    def of(user: int | None = None) -> Rest:
        return Rest(crm.client_of(None), crm.token_of(user or crm.admin))

    return of


@pytest.fixture
def browser_of(crm):
    """``browser_of(user)``: a browser signed in as a user, the administrator without one."""
    return lambda user=None: Browser(crm.client_of(user or crm.admin))


@pytest.fixture
def alice(crm):
    """A user."""
    return crm.add_user("alice@example.org", "Alice Roux", teams=["North"])


@pytest.fixture
def bob(crm):
    """Another user."""
    return crm.add_user("bob@example.org", "Bob Petit")


@pytest.fixture
def carol(crm):
    """A user who has nothing to do with the others."""
    return crm.add_user("carol@example.org", "Carol Blanc")
