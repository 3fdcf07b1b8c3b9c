"""Fixtures of the command-line tests: the program, run on a deployment of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from crm_core.cli import cli
from crm_core.testing import services
from crm_core.testing.deployments import SECRET, TestDeployment


class Program:
    """Runs commands; ``json`` reads what they write."""

    def run(self, *args: str, code: int = 0, **options: Any) -> Result:
        """Run a command that must end with ``code`` and never with a traceback."""
        result = CliRunner().invoke(cli, args, **options)
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    def json(self, *args: str, **options: Any) -> Any:
        """Run a command with ``--json`` and return the document."""
        return json.loads(self.run(*args, "--json", **options).stdout)

    def fails(self, *args: str, **options: Any) -> str:
        """Run a command that must be refused; return what it says on standard error."""
        return self.run(*args, code=1, **options).stderr


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[TestDeployment], Program]:
    """Point the program at a deployment."""

    def point(deployment: TestDeployment) -> Program:
        monkeypatch.setenv("CRM_HOME", str(deployment.config.home))
        monkeypatch.setenv("CRM_DATABASE_URL", deployment.config.url)
        monkeypatch.setenv("CRM_SECRET_KEY", SECRET)
        monkeypatch.setenv("CRM_WORKER", "manual")
        return Program()

    return point


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    """The address of a PostgreSQL database without tables."""
    name = f"cli_{secrets.token_hex(6)}"
    server = sa.create_engine(services.run_postgres(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def blank() -> Program:
    """The program without a deployment; the test sets the environment."""
    return Program()


@pytest.fixture
def program(sqlite_crm: TestDeployment, environment: Callable[[TestDeployment], Program]) -> Program:
    """The program on SQLite, for what has nothing to do with the database."""
    return environment(sqlite_crm)


@pytest.fixture
def both(crm: TestDeployment, environment: Callable[[TestDeployment], Program]) -> Program:
    """The program on either database."""
    return environment(crm)
