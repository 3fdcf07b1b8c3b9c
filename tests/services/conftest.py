import pytest

from crm_core import kernel
from crm_core.config import load_config
from crm_core.db import Base
from crm_core.testing.deployments import TestDeployment
from tests.services.things import Thing


def open_deployment(home, url):
    return TestDeployment(load_config({}, home=home, database_url=url, worker="manual", secret_key="x" * 40))


@pytest.fixture
def contributed():
    """What a test adds to the kernel's contributions."""
    return []


@pytest.fixture
def crm(crm, monkeypatch, contributed):
    """A deployment with what the test contributes, and a user Ann beside the administrator."""
    if contributed:
        own = kernel.contributions()
        monkeypatch.setattr(kernel, "contributions", lambda: (*own, *contributed))
    if Thing in contributed:
        tables = [Base.metadata.tables[name] for name in ("test_thing", "test_thing_link")]
        Base.metadata.create_all(crm.database.engine, tables=tables)
    crm.user = crm.add_user("ann@example.com", "Ann User")
    return crm
