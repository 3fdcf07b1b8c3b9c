"""Plugins under test that are not installed: their project's folder counts as a package while a test runs."""

from __future__ import annotations

import atexit
import importlib
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import importlib_metadata

from crm_core.discovery import GROUP


@dataclass(frozen=True)
class Project:
    """A folder with a ``pyproject.toml`` that declares plugins, by name with their modules."""

    folder: Path
    distribution: str
    version: str
    plugins: Mapping[str, str]

    @property
    def installed(self) -> bool:
        """Tell whether the package is there without our doing."""
        try:
            importlib_metadata.distribution(self.distribution)
        except importlib_metadata.PackageNotFoundError:
            return False
        return True


@cache
def project_at(folder: Path) -> Project | None:
    """Return the project in a folder; ``None`` when there is none, or one without plugins."""
    path = folder / "pyproject.toml"
    project = tomllib.loads(path.read_text("utf-8")).get("project", {}) if path.is_file() else {}
    plugins = project.get("entry-points", {}).get(GROUP, {})
    return Project(folder, project["name"], project.get("version", "0"), plugins) if plugins else None


def project_of(path: Path) -> Project | None:
    """Return the nearest project with plugins around a file or folder."""
    return next((found for folder in (path, *path.parents) if (found := project_at(folder)) is not None), None)


@contextmanager
def on_path(projects: Iterable[Project]) -> Iterator[None]:
    """Let plugins of projects be found inside the block as if they were installed."""
    places = [str(p) for one in projects if not one.installed for p in (one.folder, _metadata(one.folder))]
    sys.path[:0] = places
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for place in places:
            sys.path.remove(place)


@cache
def _metadata(folder: Path) -> Path:
    """Write what an installer would: the distribution's name and its entry points."""
    project = project_at(folder)
    assert project is not None
    place = Path(tempfile.mkdtemp(prefix="crm-source-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    info = place / f"{project.distribution.replace('-', '_')}-{project.version}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project.distribution}\nVersion: {project.version}\n"
    (info / "METADATA").write_text(head, "utf-8")
    points = "".join(f"{name} = {module}\n" for name, module in project.plugins.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}", "utf-8")
    return place
