import secrets

import pytest
import sqlalchemy as sa

from crm_core import kernel, migrations
from crm_core.accounts import roles
from crm_core.config import load_config
from crm_core.db import Base, Database
from crm_core.models import Role, User, UserRole
from crm_core.testing import services
from crm_core.testing.deployments import TestDeployment
from tests.services.things import Thing


def open_deployment(home, url):
    return TestDeployment(load_config({}, home=home, database_url=url, worker="manual", secret_key="x" * 40))


def prepare(home, url):
    home.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    migrations.upgrade(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)
    tables = [Thing.__table__, Thing.__links__]
    Base.metadata.create_all(database.engine, tables=tables)
    with database.transaction() as session:
        roles.seed(session)
        boss, user = User(email="boss@example.com", name="Bea Boss"), User(email="ann@example.com", name="Ann User")
        session.add_all([boss, user])
        session.flush()
        for person, code in ((boss, "owner"), (user, "user")):
            role = session.scalar(sa.select(Role.id).where(Role.code == code))
            session.add(UserRole(user_id=person.id, role_id=role))
    database.dispose()


@pytest.fixture
def contributed():
    """What a test adds to the kernel's contributions."""
    return []


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crm(request, tmp_path, monkeypatch, contributed):
    own = kernel.contributions()
    monkeypatch.setattr(kernel, "contributions", lambda: (*own, *contributed))
    home = tmp_path / "home"
    if request.param == "sqlite":
        url = f"sqlite:///{home / 'crm.sqlite3'}"
    else:
        name = f"crm_test_{secrets.token_hex(6)}"
        server(f"CREATE DATABASE {name}")
        url = sa.make_url(services.run_postgres()).set(database=name).render_as_string(hide_password=False)
    prepare(home, url)
    deployment = open_deployment(home, url)
    with deployment.database.transaction(write=False) as session:
        deployment.admin, deployment.user = sorted(session.scalars(sa.select(User.id)))
    yield deployment
    deployment.close()
    if request.param == "postgresql":
        server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def server(statement):
    engine = sa.create_engine(services.run_postgres(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
