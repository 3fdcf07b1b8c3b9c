"""Deployments for tests: copied from a migrated template, with people and clients at hand."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from crm_core import accounts, records, switching
from crm_core.accounts import csrf, sessions, tokens
from crm_core.accounts.web import COOKIE
from crm_core.app import AppSwitch
from crm_core.config import load_config
from crm_core.context import Actor, Ctx
from crm_core.db import Database, utcnow
from crm_core.deployment import Deployment
from crm_core.directory import touch
from crm_core.jobs.execute import execute
from crm_core.models import Job, Role, Team, TeamMember, User, UserRole
from crm_core.testing import services

if TYPE_CHECKING:
    from flask.testing import FlaskClient

SECRET = "tests-only-secret-of-no-value-0123456789"  # noqa: S105 - never used outside tests


class TestDeployment(Deployment):
    """A deployment with shortcuts for tests."""

    __test__ = False
    admin: int

    @property
    def wsgi(self) -> AppSwitch:
        """Return the application, made once."""
        if not hasattr(self, "_wsgi"):
            self._wsgi = AppSwitch(self)
        return self._wsgi

    def actor(self, user_id: int | None = None) -> Actor:
        """Return the actor of a user, the system's without one."""
        self.refresh(force=True)
        return self.system_actor() if user_id is None else self.directory.actor(user_id)

    @contextmanager
    def as_user(self, user_id: int | None = None, **options: Any) -> Iterator[Ctx]:
        """Run the block as an operation of a user."""
        with self.operation(self.actor(user_id), **options) as ctx:
            yield ctx

    def make(self, entity: str, *, by: int | None = None, **values: Any) -> int:
        """Create a record, as the administrator unless ``by`` names another user; return its id."""
        with self.as_user(by or self.admin) as ctx:
            return records.create(ctx, entity, values).id

    def add_user(self, email: str, name: str, role: str = "user", *, teams: tuple[str, ...] | list[str] = ()) -> int:
        """Add a user with a role and teams (made when missing); return the id."""
        with self.database.transaction() as session:
            user = User(email=email, name=name, password_hash="", date_format="dd/mm/yyyy")
            session.add(user)
            session.flush()
            role_id = session.scalar(sa.select(Role.id).where(Role.code == role))
            session.add(UserRole(user_id=user.id, role_id=role_id))
            for team_name in teams:
                team = session.scalar(sa.select(Team).where(Team.name == team_name))
                if team is None:
                    team = Team(name=team_name)
                    session.add(team)
                    session.flush()
                session.add(TeamMember(team_id=team.id, user_id=user.id))
            touch(session)
            found = user.id
        self.refresh(force=True)
        return found

    def client_of(self, user_id: int | None) -> FlaskClient:
        """Return a client signed in as a user; ``None`` for a visitor. ``client.csrf`` is its form token."""
        self.refresh(force=True)
        client = self.wsgi.app.test_client()
        if user_id is not None:
            with self.database.transaction() as session:
                key = sessions.start(session, self.config, user_id, now=utcnow())
                who = sessions.resolve(session, key, utcnow())
            client.set_cookie(COOKIE, key)
            client.csrf = csrf.mask(who.csrf) if who else ""  # type: ignore[attr-defined]
        return client

    def token_of(self, user_id: int, scopes: tuple[str, ...] = ("read", "write", "admin")) -> str:
        """Return a new API token of a user."""
        with self.database.transaction() as session:
            return tokens.create(session, user_id, name="test", scopes=scopes, now=utcnow())[0]

    def run_jobs(self, *, until: dt.datetime | None = None) -> int:
        """Run the jobs that wait, and those they ask for, in this process; return how many starts that took.

        ``until`` brings those forward that are planned for later, such as the next try of one that failed.
        """
        waiting = sa.select(Job.id).where(Job.state == "waiting").order_by(Job.run_at, Job.id).limit(1)
        for started in itertools.count():
            with self.database.transaction() as session:
                job_id = session.scalar(waiting.where(Job.run_at <= (until or utcnow())))
            if job_id is None:
                return started
            execute(self, "tests", job_id, threading.Event())
        raise AssertionError

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the statements sent to the database inside the block, transaction control left out."""
        log: list[str] = []

        def before(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")):
                log.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", before)
        try:
            yield log
        finally:
            event.remove(self.database.engine, "before_cursor_execute", before)


class Templates:
    """One migrated database a kind, copied for each test."""

    def __init__(self, folder: Path, server: str | None = None) -> None:
        """Nothing is made before it is needed; ``server`` is a PostgreSQL server other than the test run's."""
        self.folder, self._address = folder, server
        self._made: dict[tuple[str, tuple[str, ...]], Path | str] = {}

    def fresh(self, kind: str, home: Path, plugins: tuple[str, ...] = ()) -> TestDeployment:
        """Return a deployment on a copy of the template, with plugins that are off otherwise."""
        key = (kind, plugins)
        if key not in self._made:
            self._made[key] = self._sqlite(plugins) if kind == "sqlite" else self._postgresql(plugins)
        home.mkdir(parents=True, exist_ok=True)
        return self._open(home, self._copy(self._made[key], home))

    def _open(self, home: Path, url: str) -> TestDeployment:
        config = load_config({}, home=home, database_url=url, secret_key=SECRET, worker="manual")
        found = TestDeployment(config)
        with found.database.transaction(write=False) as session:
            found.admin = session.scalar(sa.select(sa.func.min(User.id))) or 0
        return found

    def _prepare(self, home: Path, url: str, plugins: tuple[str, ...]) -> None:
        config = load_config({}, home=home, database_url=url, secret_key=SECRET, worker="manual")
        database = Database(config.url)
        switching.initialise(database, config)
        with database.transaction() as session:
            accounts.seed(session)
            accounts.first_run(session)
        for name in plugins:
            switching.enable(database, config, name)
        database.dispose()

    def _sqlite(self, plugins: tuple[str, ...]) -> Path:
        path = self.folder / f"{'-'.join(('template', *plugins))}.sqlite3"
        self._prepare(self.folder / "home", f"sqlite:///{path}", plugins)
        with sa.create_engine(f"sqlite:///{path}").connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return path

    def _postgresql(self, plugins: tuple[str, ...]) -> str:
        name = f"crm_template_{secrets.token_hex(4)}"
        self._server(f"CREATE DATABASE {name}")
        self._prepare(self.folder / "home-pg", self._url(name), plugins)
        return name

    def _copy(self, template: Path | str, home: Path) -> str:
        if isinstance(template, Path):
            shutil.copyfile(template, home / "crm.sqlite3")
            return f"sqlite:///{home / 'crm.sqlite3'}"
        name = f"crm_test_{secrets.token_hex(6)}"
        self._server(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def _url(self, name: str) -> str:
        address = sa.make_url(self._address or services.run_postgres())
        return address.set(database=name).render_as_string(hide_password=False)

    def _server(self, statement: str) -> None:
        engine = sa.create_engine(self._address or services.run_postgres(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def drop(self, deployment: TestDeployment) -> None:
        """Remove the database of a test."""
        if not deployment.database.is_sqlite:
            self._server(f"DROP DATABASE IF EXISTS {deployment.database.url.database} WITH (FORCE)")

    def close(self) -> None:
        """Remove the templates."""
        for template in self._made.values():
            if isinstance(template, str):
                self._server(f"DROP DATABASE IF EXISTS {template} WITH (FORCE)")
