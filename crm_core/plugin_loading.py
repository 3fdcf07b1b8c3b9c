"""Importing one plugin and collecting what it contributes; a failure leaves nothing of it behind."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

from crm_core.contributions import BlueprintDef
from crm_core.db import Base
from crm_core.discovery import import_plugin
from crm_core.drift import owner_of
from crm_core.errors import CrmError
from crm_core.hooks import implementations_of
from crm_core.i18n import N_
from crm_core.manifest import Manifest, ManifestError
from crm_core.registry import PluginInfo

_versions: dict[str, str] = {}
"""The version of each plugin's module that this process has imported; it can't import another."""


@dataclass(frozen=True)
class Loaded:
    """A plugin that was imported and said what it adds."""

    info: PluginInfo
    items: tuple[Any, ...]


def load(manifest: Manifest) -> Loaded:
    """Import a plugin and collect what it contributes."""
    with _undone(manifest.package):
        module = import_plugin(manifest)
        hooks = implementations_of([(manifest.name, module)])
        configure_mappers()
        items = tuple(item for _, function, _ in hooks.get("crm_contribute", ()) for item in function())
        for item in items:
            if isinstance(item, BlueprintDef):
                _check_routes(item, manifest)
        if not manifest.migrations.is_dir() and tables_of(manifest.name, ()):
            message = N_("%(name)s has tables but no revisions; write them: crm dev revision %(name)s initial")
            raise ManifestError(message, params={"name": manifest.name}, plugin=manifest.name)
    _versions.setdefault(manifest.name, manifest.version)
    info = PluginInfo(
        name=manifest.name,
        title=manifest.title,
        version=manifest.version,
        module=module,
        requires=tuple(r.name for r in manifest.requires),
        folder="" if manifest.file else str(manifest.folder),
    )
    return Loaded(info, items)


def loaded_version(manifest: Manifest) -> str:
    """Return the version of a plugin that this process works with, whatever is installed by now."""
    return _versions.get(manifest.name, manifest.version)


def tables_of(name: str, others: Iterable[str]) -> list[str]:
    """Return the tables of a plugin whose models were imported; ``others`` are the names of other plugins."""
    names = {name, *others}
    return sorted(t for t in Base.metadata.tables if owner_of(t, names) == name)


def _check_routes(item: BlueprintDef, manifest: Manifest) -> None:
    """Build a plugin's pages on an application of their own: what can't be built, or forgot its permission, is told.

    Raises:
        CrmError: a route doesn't say who may call it.
    """
    import flask

    app = flask.Flask("trial", static_folder=None)
    app.register_blueprint(flask.Blueprint("rest", "trial"))
    app.register_blueprint(item.blueprint(), url_prefix=f"/{item.at or manifest.name}")
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not rule.endpoint.endswith(".static") and not hasattr(view, "crm_access"):
            code = getattr(view, "__code__", None)
            where = f"{code.co_filename}, line {code.co_firstlineno}" if code else str(manifest.folder)
            message = N_("%(where)s: the route %(path)s does not say who may call it; mark its view: @signed_in")
            raise CrmError(message, params={"where": where, "path": rule.rule}, plugin=manifest.name)


@contextmanager
def _undone(package: str) -> Iterator[None]:
    """Forget the modules, tables and mapped classes of a package whose import fails.

    A class that was mapped half would make every later query of any plugin fail.
    """
    tables, mapped, modules = set(Base.metadata.tables), set(Base.registry.mappers), set(sys.modules)
    try:
        yield
    except BaseException:
        forget_models(set(Base.registry.mappers) - mapped, set(Base.metadata.tables) - tables)
        for name in set(sys.modules) - modules:
            if name == package or name.startswith(f"{package}."):
                del sys.modules[name]
        raise


def forget_models(mappers: Iterable[Any], tables: Iterable[str]) -> None:
    """Take mapped classes and tables out of the models, as if their modules had never been imported."""
    registry = Base.registry
    for mapper in filter(None, mappers):
        manager = mapper.class_manager
        registry._dispose_manager_and_mapper(manager)
        registry._managers.pop(manager, None)
    for name in tables:
        Base.metadata.remove(Base.metadata.tables[name])


def place_of(exc: BaseException, folder: Path, file: Path | None = None) -> str:
    """Return file and line of the plugin where an exception was raised or passed through; empty without one."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{exc.filename}, line {exc.lineno}"
    own = [
        f
        for f in traceback.extract_tb(exc.__traceback__)
        if Path(f.filename) == file or Path(f.filename).is_relative_to(folder)
    ]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""
