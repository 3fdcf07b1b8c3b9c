"""Fixtures of the tests of record pages and forms."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from tests.web.record.gallery import Browser, Gallery, open_gallery, prepare


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared database file that each test copies."""
    path = tmp_path_factory.mktemp("gallery") / "template.sqlite3"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def new_postgres(postgres_url: str) -> Iterator[Callable[[], tuple[str, Callable[[], None]]]]:
    """Makes a copy of a prepared database; returns its address and what drops it."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def url(name: str) -> str:
        return sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)

    template = f"gallery_template_{secrets.token_hex(4)}"
    run(f"CREATE DATABASE {template}")
    prepare(url(template))

    def make() -> tuple[str, Callable[[], None]]:
        name = f"gallery_{secrets.token_hex(6)}"
        run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return url(name), lambda: run(f"DROP DATABASE {name} WITH (FORCE)")

    yield make
    run(f"DROP DATABASE {template} WITH (FORCE)")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gallery]:
    """A fresh gallery on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("plain_gallery")
        return
    url, drop = request.getfixturevalue("new_postgres")()
    found = open_gallery(tmp_path, url)
    yield found
    found.close()
    drop()


@pytest.fixture
def plain_gallery(tmp_path: Path, sqlite_template: Path) -> Iterator[Gallery]:
    """A fresh gallery on SQLite, for what has nothing to do with the database."""
    shutil.copyfile(sqlite_template, tmp_path / "gallery.sqlite3")
    found = open_gallery(tmp_path, f"sqlite:///{tmp_path}/gallery.sqlite3")
    yield found
    found.close()


@pytest.fixture
def ada(gallery: Gallery) -> Browser:
    """The administrator's browser."""
    return gallery.browser()


@pytest.fixture
def plain_ada(plain_gallery: Gallery) -> Browser:
    """The administrator's browser, on SQLite."""
    return plain_gallery.browser()


@pytest.fixture
def site(plain_gallery: Gallery) -> Iterator[Any]:
    """Address of a running gallery for real browsers."""
    server = make_server("127.0.0.1", 0, plain_gallery.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
