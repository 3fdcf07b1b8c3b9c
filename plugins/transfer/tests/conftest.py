"""People with the API and pages, and the command line, for the tests of import and export."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET


@pytest.fixture
def samples() -> Any:
    """What the conformance suite can't find out from types: an export of something."""
    return {"transfer.export": {"source": "contacts.contact", "format": "csv"}}


@dataclass
class Person:
    """A user with a browser and a token; statuses are checked."""

    crm: Any
    id: int

    def __post_init__(self) -> None:
        self.browser = self.crm.client_of(self.id)
        self.token = self.crm.token_of(self.id)

    def open(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.browser.open(f"/api/v1{path}", method=method, headers=headers, **options)
        answer.get_data()
        answer.close()
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer

    def api(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.open(method, path, json=body, status=status)
        return answer.json if "json" in answer.mimetype else answer.text

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:3000])
        return answer

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def send(self, slug: str, content: str | bytes, name: str = "file.csv", *, status: int = 202, **form: Any) -> Any:
        """Import a file by REST and return the report once its job has run."""
        data = {"file": (io.BytesIO(content.encode() if isinstance(content, str) else content), name), **form}
        answer = self.open("POST", f"/{slug}/import", data=data, content_type="multipart/form-data", status=status)
        if status != 202:
            return answer.json
        self.crm.run_jobs()
        return self.get(answer.json["report"].removeprefix("/api/v1"))


@pytest.fixture
def admin(crm) -> Person:
    """The administrator."""
    return Person(crm, crm.admin)


@pytest.fixture
def ann(crm) -> Person:
    """A user."""
    return Person(crm, crm.add_user("ann@example.org", "Ann Example"))


class Program:
    """Runs commands; ``json`` reads what they write."""

    def run(self, *args: str, code: int = 0) -> Any:
        result = CliRunner().invoke(cli, args)
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code == code, result.output
        return result

    def json(self, *args: str, code: int = 0) -> Any:
        return json.loads(self.run(*args, "--json", code=code).stdout)


@pytest.fixture
def program(crm, monkeypatch) -> Program:
    """The command line on the deployment."""
    monkeypatch.setenv("CRM_HOME", str(crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", crm.config.url)
    monkeypatch.setenv("CRM_SECRET_KEY", SECRET)
    monkeypatch.setenv("CRM_WORKER", "manual")
    return Program()
