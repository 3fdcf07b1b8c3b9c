"""Deployments for tests: copied from a migrated template, with people and clients at hand."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import shutil
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event

from crm_core import accounts, kernel, lifecycle, records, switching
from crm_core.accounts import csrf, sessions, tokens
from crm_core.accounts.web import COOKIE
from crm_core.app import AppSwitch, create_app
from crm_core.config import load_config
from crm_core.context import Actor, Ctx
from crm_core.db import Database, utcnow
from crm_core.deployment import Deployment
from crm_core.directory import stamps, touch
from crm_core.hooks import Dispatcher, Sinks
from crm_core.jobs.execute import execute
from crm_core.models import Job, Role, Team, TeamMember, User, UserRole
from crm_core.testing import services
from crm_core.web.application import CrmApp

if TYPE_CHECKING:
    import flask
    from werkzeug.test import TestResponse

SECRET = "tests-only-secret-of-no-value-0123456789"  # noqa: S105 - never used outside tests


class ClosingClient(FlaskClient):
    """A client that reads an answer to its end and closes what was sent and answered, as a server does."""

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        """Send a request; ``buffered=False`` leaves the answer to be read, and closed, by the caller."""
        answer = super().open(*args, buffered=buffered, **options)
        if buffered:
            answer.request.environ["wsgi.input"].close()  # a large form lies in a file
        return answer


CrmApp.test_client_class = ClosingClient
_OWN = kernel.contributions
Assemble = Callable[[], lifecycle.Build]


class TestDeployment(Deployment):
    """A deployment with shortcuts for tests."""

    __test__ = False
    admin: int
    kept: KeptBuild | None = None
    """The build of the template it was copied from, as long as nothing was changed."""
    own_of_kept: lifecycle.Build | None = None
    """What this deployment made of the kept build."""
    lent: KeptApp | None = None
    """The application it serves with while it has that build."""

    def _assembled(self, generation: int) -> lifecycle.Build:
        if self.kept is None or not self.kept.fits(self):
            return super()._assembled(generation)
        build = self.kept.of(lambda: super(TestDeployment, self)._assembled(generation))
        hooks = Dispatcher(build.registry.hooks.implementations, sinks=Sinks(self.incident, self._quarantine))
        self.own_of_kept = replace(build, registry=replace(build.registry, hooks=hooks))
        return self.own_of_kept

    @property
    def wsgi(self) -> AppSwitch:
        """Return the application, made once."""
        if not hasattr(self, "_wsgi"):
            self._wsgi = TestSwitch(self)
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


class TestSwitch(AppSwitch):
    """The callable of a deployment for tests: its first application is one that was made before, where that fits."""

    __test__ = False
    deployment: TestDeployment

    def _made(self) -> tuple[flask.Flask, Any]:
        crm, served = self.deployment, self.deployment.latest()
        if crm.kept is None or served.build is not crm.own_of_kept or crm.lent is not None:
            return super()._made()
        crm.lent = crm.kept.lend(crm)
        return crm.lent.app, served


class Relay:
    """Stands for one deployment after another in an application that is made once."""

    def __init__(self, target: Deployment) -> None:
        """Stand for a deployment."""
        self.target = target

    def __getattr__(self, name: str) -> Any:
        """Return what the deployment has."""
        return getattr(self.target, name)


class KeptApp:
    """An application that serves one deployment after another: most of what a page's test took was to make it."""

    def __init__(self, deployment: Deployment) -> None:
        """Make it."""
        self._relay = Relay(deployment)
        with deployment.pinned(deployment.latest()):
            self.app = create_app(cast("Deployment", self._relay))

    def serve(self, deployment: Deployment) -> None:
        """Serve a deployment that is like the one it was made for."""
        self._relay.target = deployment
        self.app.extensions["crm"] = deployment
        self.app.extensions["crm_registry"] = deployment.latest().build.registry


class KeptBuild:
    """The registry of a template's plugins, put together once for all copies that are still as they were copied."""

    def __init__(self, generation: int) -> None:
        """Keep nothing yet; ``generation`` is the template's."""
        self._generation = generation
        self._builds: dict[tuple[str, ...], lifecycle.Build] = {}
        self._apps: dict[Any, list[KeptApp]] = defaultdict(list)

    def fits(self, deployment: Deployment) -> bool:
        """Tell whether a deployment is as the template was, with no plugins of its own."""
        folder = deployment.config.plugins
        if deployment.config.safe_mode or (folder.is_dir() and any(folder.iterdir())):
            return False
        if kernel.contributions is not _OWN:
            return False
        with deployment.database.transaction(write=False) as session:
            return stamps(session).get("registry", 0) == self._generation

    def of(self, assemble: Assemble) -> lifecycle.Build:
        """Return the build of the plugins that can be found now, put together by the first who asks."""
        places = tuple(sys.path)
        if places not in self._builds:
            self._builds[places] = assemble()
        return self._builds[places]

    def lend(self, deployment: TestDeployment) -> KeptApp:
        """Return an application that nobody uses now, made if there is none."""
        free = self._apps[self._likeness(deployment)]
        found = free.pop() if free else KeptApp(deployment)
        found.serve(deployment)
        return found

    def take_back(self, deployment: TestDeployment) -> None:
        """Keep the application of a deployment for the next."""
        if deployment.lent is not None:
            self._apps[self._likeness(deployment)].append(deployment.lent)
            deployment.lent = None

    @staticmethod
    def _likeness(deployment: Deployment) -> Any:
        """Return what an application is made of beside the build: settings, but for where the data lie."""
        return tuple(sys.path), replace(deployment.config, home=Path(), database_url="")


class KeptDatabase(Database):
    """A database whose engine is used for one copy after another: a new engine compiles every statement anew."""

    def __init__(self, url: str) -> None:
        """Make the engine."""
        super().__init__(url)
        event.listen(self.engine, "do_connect", self._connect)

    def _connect(self, dialect: Any, record: Any, args: list[Any], options: dict[str, Any]) -> None:
        known, options_now = dialect.create_connect_args(self.url)
        args[:] = known
        options |= options_now

    def point_at(self, url: str) -> None:
        """Use another database of the same server, or another file."""
        self.url = self.url.set(database=sa.make_url(url).database)
        self.access_cache.clear()


class Templates:
    """One migrated database a kind, copied for each test."""

    def __init__(self, folder: Path, server: str | None = None) -> None:
        """Nothing is made before it is needed; ``server`` is a PostgreSQL server other than the test run's."""
        self.folder, self._address = folder, server
        self._made: dict[tuple[str, tuple[str, ...]], Path | str] = {}
        self._builds: dict[tuple[str, ...], KeptBuild] = {}
        self._free: dict[str, list[KeptDatabase]] = defaultdict(list)
        self._postgres: sa.Engine | None = None

    def fresh(self, kind: str, home: Path, plugins: tuple[str, ...] = ()) -> TestDeployment:
        """Return a deployment on a copy of the template, with plugins that are off otherwise."""
        key = (kind, plugins)
        if key not in self._made:
            self._made[key] = self._sqlite(plugins) if kind == "sqlite" else self._postgresql(plugins)
        home.mkdir(parents=True, exist_ok=True)
        return self._open(home, self._copy(self._made[key], home), key)

    def _open(self, home: Path, url: str, key: tuple[str, tuple[str, ...]]) -> TestDeployment:
        config = load_config({}, home=home, database_url=url, secret_key=SECRET, worker="manual")
        database = self._free[key[0]].pop() if self._free[key[0]] else KeptDatabase(config.url)
        database.point_at(config.url)
        found = TestDeployment(config, database)
        found.kept = self._builds[key[1]]
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
        with database.transaction(write=False) as session:
            self._builds[plugins] = KeptBuild(stamps(session).get("registry", 0))
        database.dispose()

    def _sqlite(self, plugins: tuple[str, ...]) -> Path:
        path = self.folder / f"{'-'.join(('template', *plugins))}.sqlite3"
        self._prepare(self.folder / "home", f"sqlite:///{path}", plugins)
        engine = sa.create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
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
        if self._postgres is None:
            address = self._address or services.run_postgres()
            self._postgres = sa.create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        with self._postgres.connect() as connection:
            connection.exec_driver_sql(statement)

    def drop(self, deployment: TestDeployment) -> None:
        """Remove the database of a test; its engine serves the next."""
        database = deployment.database
        if deployment.kept is not None:
            deployment.kept.take_back(deployment)
        if not database.is_sqlite:
            self._server(f"DROP DATABASE IF EXISTS {database.url.database} WITH (FORCE)")
        if isinstance(database, KeptDatabase):
            self._free["sqlite" if database.is_sqlite else "postgresql"].append(database)

    def close(self) -> None:
        """Remove the templates, and close what is kept for copies."""
        for database in (one for free in self._free.values() for one in free):
            database.dispose()
        for template in self._made.values():
            if isinstance(template, str):
                self._server(f"DROP DATABASE IF EXISTS {template} WITH (FORCE)")
        if self._postgres is not None:
            self._postgres.dispose()
