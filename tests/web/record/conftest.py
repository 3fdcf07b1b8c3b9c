"""Fixtures of the tests of record pages and forms."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from tests.web.record.gallery import Browser, Gallery, open_gallery


@pytest.fixture(params=["sqlite", "postgresql"])
def gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gallery]:
    """A fresh gallery on each database."""
    if request.param == "sqlite":
        yield from open_gallery(tmp_path, f"sqlite:///{tmp_path}/gallery.sqlite3")
        return
    server = request.getfixturevalue("postgres_url")
    name = f"gallery_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield from open_gallery(tmp_path, sa.make_url(server).set(database=name).render_as_string(hide_password=False))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture
def plain_gallery(tmp_path: Path) -> Iterator[Gallery]:
    """A fresh gallery on SQLite, for what has nothing to do with the database."""
    yield from open_gallery(tmp_path, f"sqlite:///{tmp_path}/gallery.sqlite3")


@pytest.fixture
def ada(gallery: Gallery) -> Browser:
    """The administrator's browser."""
    return gallery.browser()


@pytest.fixture
def site(plain_gallery: Gallery) -> Iterator[Any]:
    """Address of a running gallery for real browsers."""
    server = make_server("127.0.0.1", 0, plain_gallery.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
