"""People with the API, the command line, and a plugin that keeps records, for the tests of personal data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.testing.deployments import SECRET


@pytest.fixture
def samples(request) -> Any:
    """What the conformance suite can't find out from types; the erasure is somebody's whom nothing else names."""
    crm = request.getfixturevalue("crm" if "crm" in request.fixturenames else "sqlite_crm")
    person, gone = (crm.make("contacts.contact", first_name="Lena", last_name=name) for name in ("Tangi", "Gone"))
    return {
        "privacy.rule": {"name": "Old", "source": "contacts.contact", "filter": "updated_at < -3650d"},
        "privacy.archive": {"record": f"contacts.contact:{person}"},
        "privacy.erasure": {"subject": f"contacts:{gone}"},
    }


@dataclass
class Person:
    """A user with a browser and a token; statuses are checked."""

    crm: Any
    id: int

    def __post_init__(self) -> None:
        self.browser = self.crm.client_of(self.id)
        self.token = self.crm.token_of(self.id)

    def api(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            options["json"] = body
        answer = self.browser.open(f"/api/v1{path}", method=method, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json if "json" in answer.mimetype else answer.data

    def get(self, path: str, *, status: int = 200) -> Any:
        return self.api("GET", path, status=status)

    def page(self, path: str, *, status: int = 200) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return str(answer.text)

    def post(self, path: str, data: Any = None, *, status: int = 303) -> Any:
        answer = self.browser.post(path, data=data or {}, headers={"X-CSRF-Token": self.browser.csrf})
        assert answer.status_code == status, (answer.status_code, answer.text[:3000])
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
def program(crm, monkeypatch) -> Any:
    """The command line on the deployment; returns what a command writes."""
    monkeypatch.setenv("CRM_HOME", str(crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", crm.config.url)
    monkeypatch.setenv("CRM_SECRET_KEY", SECRET)
    monkeypatch.setenv("CRM_WORKER", "manual")

    def run(*args: str, code: int = 0) -> Any:
        result = CliRunner().invoke(cli, args)
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout.startswith(("{", "[")) else result.stdout

    return run
