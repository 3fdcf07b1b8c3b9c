"""Which plugins are there: installed packages, and what lies in the deployment's folder. Nothing is imported for it.

A deployment's own plugins are files ``plugins/<name>.py`` that begin with a ``# /// crm-plugin`` block, and
packages ``plugins/<name>/`` with ``plugin.toml`` and ``plugin.py``. A file that has tables keeps its revisions in
``plugins/<name>/migrations/``.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import importlib_metadata
from packaging.utils import canonicalize_name

from crm_core.i18n import N_
from crm_core.manifest import Manifest, ManifestError, read, read_local

GROUP = "crm.plugins"
"""Entry point group; the name is the plugin's, the value the module with its hook implementations."""

LOCAL = "crm_local_"
"""What the modules of a deployment's own plugins are called in this process, before the plugin's name."""


@dataclass(frozen=True)
class Found:
    """A plugin that is there: its manifest, or what is wrong with it."""

    name: str
    manifest: Manifest | None = None
    error: str = ""


def installed(folder: Path | None = None) -> list[Found]:
    """Return every plugin by name; one whose manifest is unreadable is returned with its error.

    Args:
        folder: the deployment's own plugins (``Config.plugins``); without it only installed packages count.
    """
    found: dict[str, Found] = {}
    for one in (*_packages(), *_local(folder)):
        known = found.get(one.name)
        if known is None:
            found[one.name] = one
        elif known.manifest != one.manifest:
            found[one.name] = Found(one.name, error=_twice(one.name, known, one))
    return list(found.values())


def titles(folder: Path | None = None) -> dict[str, str]:
    """Return the title of every plugin that is there by its name, to be translated when it is shown."""
    return {f.name: f.manifest.title for f in installed(folder) if f.manifest is not None}


def is_let_in(manifest: Manifest, *, safe_mode: bool) -> bool:
    """Tell whether code of a plugin may run: in safe mode only what is released together with the kernel."""
    return not safe_mode or (not manifest.local and canonicalize_name(manifest.distribution) in _bundled())


@cache
def _bundled() -> frozenset[str]:
    text = Path(__file__).with_name("bundled.toml").read_text("utf-8")
    return frozenset(map(canonicalize_name, tomllib.loads(text)["distributions"]))


def _twice(name: str, first: Found, second: Found) -> str:
    places = {str(m.file or m.folder) for m in (first.manifest, second.manifest) if m is not None}
    message = N_("Two plugins are called %(name)s: %(places)s")
    return ManifestError(message, params={"name": name, "places": ", ".join(sorted(places))}).text()


def _packages() -> Iterator[Found]:
    for point in sorted(importlib_metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            manifest = read(locate(point.value), name=point.name, module=point.module, **_origin(point))
        except ManifestError as exc:
            yield Found(point.name, error=exc.text())
        else:
            yield Found(point.name, manifest)


def _origin(point: importlib_metadata.EntryPoint) -> dict[str, str]:
    if point.dist is None:
        return {}
    return {"version": point.dist.version, "distribution": point.dist.name}


def _local(folder: Path | None) -> Iterator[Found]:
    for path in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
        if path.name.startswith(("_", ".")) or not (path.is_dir() or path.suffix == ".py") or _is_beside(path):
            continue
        name = path.stem
        try:
            yield Found(name, _read_local(path, name))
        except ManifestError as exc:
            yield Found(name, error=exc.text())


def _is_beside(path: Path) -> bool:
    """Tell whether a folder holds nothing but the revisions of a plugin of a single file."""
    own = (path / "plugin.toml", path / "plugin.py", path / "__init__.py")
    return (path / "migrations").is_dir() and not any(p.exists() for p in own)


def _read_local(path: Path, name: str) -> Manifest:
    if path.is_dir():
        return read_local(path / "plugin.toml", name=name, module=f"{LOCAL}{name}.plugin", folder=path)
    return read_local(path, name=name, module=f"{LOCAL}{name}", folder=path.with_suffix(""))


def locate(module: str) -> Path:
    """Return the folder of a module's top-level package; nothing of it is executed.

    Raises:
        ManifestError: there is no such package.
    """
    top = module.partition(":")[0].partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise ManifestError(N_("The package %(name)s is not there"), params={"name": top})
    return Path(places[0])


def import_plugin(manifest: Manifest) -> ModuleType:
    """Import the module of a plugin's hook implementations."""
    if manifest.local:
        _import_local(manifest)
    return importlib.import_module(manifest.module)


def make_importable(manifest: Manifest) -> None:
    """Let the revisions of a deployment's own plugin import from it; what is wrong with it shows later."""
    if manifest.local and manifest.file is None:
        try:
            _import_local(manifest)
        except Exception:  # noqa: BLE001 - told by the import that follows
            sys.modules.pop(manifest.package, None)


def _import_local(manifest: Manifest) -> None:
    """Put the file or package of a deployment's plugin among the modules; ``sys.path`` stays as it is."""
    top = manifest.package
    if top in sys.modules:
        return
    module = module_from_spec(_spec(top, manifest))
    sys.modules[top] = module
    if module.__spec__ is not None and module.__spec__.loader is not None:
        module.__spec__.loader.exec_module(module)


def _spec(top: str, manifest: Manifest) -> ModuleSpec:
    options: dict[str, Any] = {}
    path = manifest.file
    if path is None:
        path = manifest.folder / "__init__.py"
        options = {"submodule_search_locations": [str(manifest.folder)]}
    made = spec_from_file_location(top, path, **options) if path.is_file() else None
    if made is None:
        made = ModuleSpec(top, None, is_package=True)
        made.submodule_search_locations = [str(manifest.folder)]
    return made
