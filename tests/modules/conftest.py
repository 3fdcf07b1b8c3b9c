"""Small plugins in the folder of a deployment, written on the spot, and browsers that outlive a swap."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from werkzeug.test import Client, TestResponse

from crm_core import switching
from crm_core.accounts.web import COOKIE
from crm_core.db import Base
from crm_core.directory import touch
from crm_core.discovery import LOCAL
from crm_core.plugin_loading import forget_models
from crm_core.testing.deployments import TestDeployment

HEADER = """
# /// crm-plugin
# name = "{name}"
# title = "{title}"
# core = ">=0.1"
{more}# ///
from crm_core.api import *
"""


class Put(Protocol):
    """Write a plugin: ``put("zoo", code, requires=["ark"], files={…})``; with files it is a package."""

    def __call__(self, name: str, code: str = "", *, files: dict[str, str] | None = None, **more: Any) -> Path: ...


def _forget(names: set[str]) -> None:
    """Forget what plugins of a deployment's folder left in this process."""
    packages = {f"{LOCAL}{n}" for n in names}
    mappers = [m for m in filter(None, Base.registry.mappers) if m.class_.__module__.split(".")[0] in packages]
    tables = [t for t in Base.metadata.tables if any(t.startswith(f"{n}_") for n in names)]
    forget_models(mappers, tables)
    for module in list(sys.modules):
        if module.split(".")[0] in packages:
            del sys.modules[module]


class Folder:
    """The folder ``plugins`` of a deployment."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, set[str]()

    def __call__(self, name: str, code: str = "", *, files: dict[str, str] | None = None, **more: Any) -> Path:
        """Write a plugin, again if it is there."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.names.add(name)
        title = more.pop("title", name.capitalize())
        lines = [f"{k} = {v!r}".replace("'", '"') for k, v in more.items()]
        if files is None:
            place = self.path / f"{name}.py"
            head = HEADER.format(name=name, title=title, more="".join(f"# {line}\n" for line in lines))
            place.write_text(head.lstrip() + textwrap.dedent(code), "utf-8")
            return place
        place = self.path / name
        toml = "\n".join([f'name = "{name}"', f'title = "{title}"', 'core = ">=0.1"', *lines])
        contents = {"plugin.toml": toml, "plugin.py": "from crm_core.api import *\n" + textwrap.dedent(code), **files}
        for path, text in contents.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(textwrap.dedent(text), "utf-8")
        return place

    def forget(self) -> None:
        """Forget what was imported from it."""
        _forget(self.names)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """The plugins of the deployment under test."""
    found = Folder(tmp_path / "home" / "plugins")
    yield found
    found.forget()


class Browser:
    """Someone signed in, whose requests go through the callable that swaps applications."""

    def __init__(self, crm: TestDeployment, user_id: int) -> None:
        inner = crm.client_of(user_id)
        cookie = inner.get_cookie(COOKIE)
        self.crm, self.csrf = crm, inner.csrf  # type: ignore[attr-defined]
        self.client = Client(crm.wsgi)
        self.client.set_cookie(COOKIE, cookie.value if cookie else "")
        self.token = crm.token_of(user_id)

    def get(self, path: str) -> TestResponse:
        """Open a page, or ask REST."""
        return self.client.get(path, headers=self._headers(path))

    def post(self, path: str, **form: Any) -> TestResponse:
        """Send a form."""
        return self.client.post(path, data={"csrf_token": self.csrf, **form})

    def send(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Send JSON to REST."""
        return self.client.open(path, method=method, json=body, headers=self._headers(path))

    def _headers(self, path: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if path.startswith("/api/") else {}


@pytest.fixture
def admin(crm: TestDeployment) -> Browser:
    """The administrator, on both databases."""
    return Browser(crm, crm.admin)


def anew(crm: TestDeployment) -> None:
    """Build everything anew, as a process does that starts."""
    with crm.database.transaction() as session:
        touch(session, "registry")
    crm.refresh(force=True)


def state_of(crm: TestDeployment, name: str) -> str:
    """Return the state of a plugin."""
    return crm.statuses[name].state.value


def turn(crm: TestDeployment, *, on: str = "", off: str = "") -> None:
    """Turn a plugin on or off as the command line does, in sight of this process."""
    if on:
        switching.enable(crm.database, crm.config, on)
    if off:
        switching.disable(crm.database, crm.config, off)
    crm.refresh(force=True)


ZOO = """
from . import models

@hookimpl
def crm_contribute():
    return [
        models.Animal,
        ViewDef(entity="zoo.animal", columns=("name", "kind"), board=Board(by="kind")),
        MenuItem(label="Animals", url="/animals", entity="zoo.animal"),
        ListDef(key="zoo.kind", label="Kinds of animal", entries=(Entry(code="cat", label="Cat"),)),
        SettingDef(key="feed", type=Text(40), label="What they eat", default="hay"),
        JobDef(name="zoo.count", label="Count animals", handler=lambda run: None),
        FieldDef(entity="contacts.contact", key="pet", type=Text(40), label="Favourite animal", filterable=True),
        FieldDef(entity="contacts.contact", key="animals", type=Links("zoo.animal"), label="Own animals"),
        Tab(entity="contacts.contact", key="zoo", label="Zoo visits", render=lambda ctx, record: "<p>Two visits</p>"),
    ]
"""
ZOO_FILES = {
    "models.py": '''
        from __future__ import annotations
        from sqlalchemy.orm import Mapped
        from crm_core.api import *

        class Animal(Record):
            __tablename__ = "zoo_animal"
            __entity__ = entity("zoo.animal", label="Animal", plural="Animals", slug="animals", title="name")
            name: Mapped[str | None] = field(Text(80), label="Name", required=True, search=True, index=True)
            kind: Mapped[str | None] = field(Choice("zoo.kind"), label="Kind")
        ''',
    "migrations/0001_initial.py": '''
        """Initial."""
        import sqlalchemy as sa
        from alembic import op
        from crm_core.db import Base

        revision, down_revision = "0001", None
        TABLES = ("zoo_animal", "zoo_animal_link")

        def upgrade():
            for name in TABLES:
                Base.metadata.tables[name].create(op.get_bind())
            from crm_core import search_index
            search_index.create_search(op, "zoo_animal")

        def downgrade():
            from crm_core import search_index
            search_index.drop_search(op, "zoo_animal")
            for name in reversed(TABLES):
                op.drop_table(name)
        ''',
}  # fmt: skip


@pytest.fixture
def zoo(crm: TestDeployment, folder: Folder) -> TestDeployment:
    """A deployment with a module that has records, and a field and a tab on contacts; not turned on yet."""
    folder("zoo", ZOO, files=ZOO_FILES, requires=["contacts"])
    crm.refresh(force=True)
    return crm
