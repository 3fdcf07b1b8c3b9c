"""People with API, pages and files at hand."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest


@pytest.fixture
def samples(crm) -> Any:
    """What the conformance suite can't find out from types: a document belongs to a record."""
    owner = crm.make("contacts.contact", kind="company", name="Sample", visibility="write")
    return {"documents.document": {"record": f"contacts.contact:{owner}"}}


@dataclass
class Person:
    """A user with a browser and a token; statuses are checked, answers of the API are parsed JSON."""

    crm: Any
    id: int

    def __post_init__(self) -> None:
        self.browser = self.crm.client_of(self.id)
        self.token = self.crm.token_of(self.id)

    def api(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        answer = self.browser.open(f"/api/v1{path}", method=method, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.json if "json" in answer.mimetype else answer

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def names(self, query: str = "") -> list[str]:
        found = self.get(f"/documents?sort=id&fields=name&{query}")
        assert found["total"] == {"value": len(found["items"]), "exact": True}
        return [item["name"] for item in found["items"]]

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303, **headers: str) -> Any:
        sent = {"X-CSRF-Token": self.browser.csrf, **headers}
        answer = self.browser.post(path, data=data or {}, headers=sent)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer

    def contact(self, name: str = "Kergal", **values: Any) -> int:
        body = {"kind": "company", "name": name, "visibility": "write", **values}
        return int(self.api("POST", "/contacts", json=body, status=201)["id"])

    def upload(
        self, contact: int, content: bytes, name: str = "notes.txt", *, status: int = 201, kind: str = "", **form: Any
    ) -> Any:
        """Put a file on a contact through the API."""
        part = (io.BytesIO(content), name, kind) if kind else (io.BytesIO(content), name)
        data = {"record": f"contacts:{contact}", "file": part, **form}
        return self.api("POST", "/documents", data=data, status=status)

    def version(self, document: int, content: bytes, name: str = "notes.txt", *, status: int = 201) -> Any:
        data = {"file": (io.BytesIO(content), name)}
        return self.api("POST", f"/documents/{document}/versions", data=data, status=status)

    def file(self, file_id: int, *, status: int = 200, **headers: str) -> Any:
        return self.api("GET", f"/files/{file_id}", status=status, headers=headers)


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
def kept(crm) -> Any:
    """``kept()``: the files that lie in the store, and what is on its way."""
    return lambda: [p for p in crm.config.files.rglob("*") if p.is_file() and p.name != ".lock"]


def packed(**parts: str) -> bytes:
    """Return a packed file; ``__`` in a name stands for a slash, ``_`` for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return target.getvalue()
