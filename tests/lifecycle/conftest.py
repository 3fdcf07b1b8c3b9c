"""Fixtures of the lifecycle tests: databases of both kinds, and plugins written on the spot."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import importlib_metadata
import pytest

from crm_core.config import Config, load_config
from crm_core.db import Base, Database
from crm_core.plugin_loading import forget_models
from crm_core.switching import prepare
from tests.copies import Copies, drop, new_postgres

MakePlugin = Callable[..., Path]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    url = f"sqlite:///{tmp_path}/test.sqlite3" if request.param == "sqlite" else new_postgres()
    made = Database(url)
    yield made
    made.dispose()
    drop(url)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A deployment without plugins but those a test writes."""
    return load_config({}, home=tmp_path / "home")


def _prepare(url: str) -> None:
    database = Database(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib_metadata, "entry_points", lambda **kw: [])
        prepare(database)
    database.dispose()


@pytest.fixture(scope="session")
def kernel_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Databases with the kernel's tables."""
    made = Copies(tmp_path_factory.mktemp("kernel"), _prepare)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ready(
    request: pytest.FixtureRequest, kernel_copies: Copies, tmp_path: Path, make_plugin: MakePlugin
) -> Iterator[Database]:
    """A database with the kernel's tables."""
    url = kernel_copies.fresh(request.param, tmp_path)
    made = Database(url)
    yield made
    made.dispose()
    drop(url)


@pytest.fixture
def make_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePlugin]:
    """Write an installed plugin: ``make_plugin("zoo", toml="…", plugin="…", files={…})`` returns its folder."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    entry_points = importlib_metadata.entry_points
    only_here = lambda **kw: [p for p in entry_points(**kw) if Path(str(p.dist._path)).is_relative_to(site)]  # noqa: E731
    monkeypatch.setattr(importlib_metadata, "entry_points", only_here)
    tables, modules = set(Base.metadata.tables), set(sys.modules)

    def make(
        name: str, toml: str | None = None, plugin: str = "", files: dict[str, str] | None = None,
        version: str = "1.0", entry: str = "", distribution: str = "",
    ) -> Path:  # fmt: skip
        folder = site / f"crm_{name}"
        folder.mkdir(exist_ok=True)
        body = f'name = "{name}"\ntitle = "{name.title()}"\ncore = ">=0.1"\n' if toml is None else toml
        contents = {"__init__.py": "", "plugin.toml": body, "plugin.py": plugin, **(files or {})}
        for path, text in contents.items():
            (folder / path).parent.mkdir(exist_ok=True, parents=True)
            (folder / path).write_text(textwrap.dedent(text), "utf-8")
        project = distribution or f"crm-{name}"
        info = site / f"{project.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[crm.plugins]\n{name} = {entry or f'crm_{name}.plugin'}\n")
        return folder

    yield make
    packages = {p.name for p in site.glob("crm_*")}
    mappers = [m for m in filter(None, Base.registry.mappers) if m.class_.__module__.split(".")[0] in packages]
    forget_models(mappers, set(Base.metadata.tables) - tables)
    for module in set(sys.modules) - modules:
        if module.split(".")[0] in packages:
            del sys.modules[module]
