"""The pytest plugin of the core: fresh deployments on both databases, clients, makers and statement counts."""

from __future__ import annotations

import gc
import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crm_core.discovery import installed
from crm_core.testing import services
from crm_core.testing.deployments import Templates, TestDeployment
from crm_core.testing.samples import Samples
from crm_core.testing.sources import Project, on_path, project_of

if TYPE_CHECKING:
    from flask.testing import FlaskClient

pytest.register_assert_rewrite("crm_core.testing.conformance")

DATABASES = ("sqlite", "postgresql")
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the services that all processes of this test run share."""
    services.start_run_services(config)


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of the search for circular garbage.

    It never becomes garbage, and looking through it again and again took a fifth of a run's time.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the services of this test run."""
    services.stop_run_services()


@pytest.fixture(scope="session")
def crm_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """Migrated databases that fresh ones are copied from, made once a process."""
    templates = Templates(tmp_path_factory.mktemp("crm-templates"))
    yield templates
    templates.close()


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database a test runs on; tests that use it run on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def crm_project(request: pytest.FixtureRequest) -> Project | None:
    """The project with plugins that the test's file lies in; it need not be installed to be tested."""
    return project_of(request.path.parent)


@pytest.fixture
def crm_on_path(crm_project: Project | None) -> Iterator[None]:
    """Let the plugins of the project be found while the test runs."""
    with on_path((crm_project,) if crm_project is not None else ()):
        yield


@pytest.fixture
def samples() -> Samples:
    """Values that records can't be made without, by entity: what the conformance suite can't find out from types."""
    return {}


@cache
def _off_otherwise(mine: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of a project's plugins are off unless somebody turns them on; ask while it is on the path."""
    return tuple(f.name for f in installed() if f.name in mine and not (f.manifest and f.manifest.on))


@pytest.fixture
def crm_plugins(crm_project: Project | None, crm_on_path: None) -> tuple[str, ...]:
    """The plugins to turn on beside those that are on anyway: those of the project that the test's file lies in.

    Tests of several plugins that are off name them here.
    """
    return _off_otherwise(tuple(crm_project.plugins)) if crm_project is not None else ()


@pytest.fixture
def crm(
    database_kind: str,
    crm_templates: Templates,
    crm_on_path: None,
    crm_plugins: tuple[str, ...],
    tmp_path: Path,
) -> Iterator[TestDeployment]:
    """A fresh deployment with the bundled plugins, administrator ``admin@example.org``."""
    home = tmp_path / "home"
    found = crm_templates.fresh(database_kind, home, crm_plugins)
    yield found
    found.close()
    crm_templates.drop(found)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def sqlite_crm(
    crm_templates: Templates, crm_on_path: None, crm_plugins: tuple[str, ...], tmp_path: Path
) -> Iterator[TestDeployment]:
    """A fresh deployment on SQLite alone, for what has nothing to do with the database."""
    found = crm_templates.fresh("sqlite", tmp_path / "home", crm_plugins)
    yield found
    found.close()
    crm_templates.drop(found)


@pytest.fixture
def client(crm: TestDeployment) -> FlaskClient:
    """A browser-like client signed in as the administrator."""
    return crm.client_of(crm.admin)


@pytest.fixture
def make(crm: TestDeployment) -> Callable[..., Any]:
    """Create a record and return its id: ``make(entity, name="Acme")``."""
    return crm.make


@pytest.fixture
def actor_with(crm: TestDeployment) -> Callable[..., Any]:
    """Add a user with a role and return the id: ``actor_with("user", teams=["Sales"])``."""

    def build(role: str = "user", **options: Any) -> int:
        name = options.pop("name", f"Person {next(_numbers)}")
        return crm.add_user(f"p{secrets.token_hex(4)}@example.org", name, role, **options)

    return build


@pytest.fixture
def statements(crm: TestDeployment) -> Any:
    """Collect the SQL statements that are sent inside a block."""
    return crm.statements
