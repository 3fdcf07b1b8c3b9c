"""Fixtures of the tests of record pages and forms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.copies import Copies, drop
from tests.web.record.gallery import Browser, Gallery, open_gallery, prepare


@pytest.fixture(scope="session")
def gallery_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Prepared galleries."""
    made = Copies(tmp_path_factory.mktemp("gallery"), prepare)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def gallery(request: pytest.FixtureRequest, gallery_copies: Copies, tmp_path: Path) -> Iterator[Gallery]:
    """A fresh gallery on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("plain_gallery")
        return
    url = gallery_copies.fresh(request.param, tmp_path)
    found = open_gallery(tmp_path, url)
    yield found
    found.close()
    drop(url)


@pytest.fixture
def plain_gallery(tmp_path: Path, gallery_copies: Copies) -> Iterator[Gallery]:
    """A fresh gallery on SQLite, for what has nothing to do with the database."""
    found = open_gallery(tmp_path, gallery_copies.fresh("sqlite", tmp_path))
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
