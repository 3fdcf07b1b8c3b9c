"""Which plugins there are, which of them run, why the others don't, and the registry made of those that do.

The wanted state is stored; the actual state is worked out at each build. A plugin that fails is left out with its
reason while the others run.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import configure_mappers

from crm_core import __version__, kernel, migrations
from crm_core.config import Config
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, Base, Database
from crm_core.directory import stamps
from crm_core.errors import CrmError
from crm_core.hooks import Dispatcher, IncidentSink, implementations_of
from crm_core.i18n import N_, add_catalogue, gettext
from crm_core.manifest import Found, Manifest, ManifestError, in_order, installed
from crm_core.models import PluginRow
from crm_core.registry import PluginInfo, Registry, build_registry


class State(StrEnum):
    """What a plugin is doing."""

    AVAILABLE = "available"
    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"
    MISSING = "missing"
    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Sentence:
    """A message id with its parameters, translated when it is shown."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return the sentence in the current language."""
        return gettext(self.message, **self.params) if self.message else ""


_NOTHING = Sentence("")


@dataclass(frozen=True)
class PluginStatus:
    """A plugin's state, why it is in it, and what to do next."""

    name: str
    state: State
    wanted: bool = False
    manifest: Manifest | None = None
    reason: Sentence = _NOTHING
    next_step: Sentence = _NOTHING
    detail: str = ""
    """Traceback, for administrators and ``crm plugin info``."""

    @property
    def title(self) -> str:
        """Return the plugin's title, its name while the manifest can't be read."""
        return self.manifest.title if self.manifest else self.name

    @property
    def version(self) -> str:
        """Return the installed version."""
        return self.manifest.version if self.manifest else ""


class NotInitialised(CrmError):
    """The database has no tables yet, or older ones than the program needs."""

    status, code, title = 503, "not_initialised", N_("The database is not set up for this version; run: crm init")


@dataclass(frozen=True)
class Build:
    """A registry and the state of every plugin that led to it."""

    registry: Registry
    statuses: Mapping[str, PluginStatus]


@dataclass(frozen=True)
class _Loaded:
    """A plugin that was imported and said what it adds."""

    info: PluginInfo
    items: tuple[Any, ...]


def build(database: Database, config: Config, *, incident: IncidentSink | None = None) -> Registry:
    """Return the registry of the wanted plugins that can run.

    Raises:
        NotInitialised: the kernel's tables are missing or out of date.
    """
    return assemble(database, config, incident=incident).registry


def assemble(
    database: Database,
    config: Config,
    *,
    wanted: Iterable[str] | None = None,
    unmigrated: Iterable[str] = (),
    incident: IncidentSink | None = None,
) -> Build:
    """Work out the state of every plugin and build the registry of those that run.

    Args:
        database: a migrated database.
        config: the deployment; ``safe_mode`` leaves out what a new deployment doesn't start with.
        wanted: names to build with instead of the stored ones, to try a change out.
        unmigrated: names whose pending migrations don't matter yet.
        incident: told of every failure of a hook that is skipped.

    Raises:
        NotInitialised: the kernel's tables are missing or out of date.
    """
    if migrations.pending(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER):
        raise NotInitialised()
    with database.transaction(write=False) as session:
        rows = {r.name: r for r in session.execute(_rows(), execution_options=KERNEL)}
        generation = stamps(session).get("registry", 0)
        custom = kernel.custom_fields(session)
    names = {n for n, r in rows.items() if r.wanted} if wanted is None else set(wanted)
    survey = _Survey(installed(), names, {n for n, r in rows.items() if r.version})
    survey.select(database, config, set(unmigrated))
    return survey.build(custom, generation, incident)


def _rows() -> sa.Select[Any, Any, Any]:
    return sa.select(PluginRow.name, PluginRow.wanted, PluginRow.version)


class _Survey:
    """Sorts plugins into those that run and those that don't, each with its reason."""

    def __init__(self, found: list[Found], wanted: set[str], known: set[str]) -> None:
        self.found = {f.name: f for f in found}
        self.wanted = wanted
        self.known = known
        self.statuses: dict[str, PluginStatus] = {}
        self.running: dict[str, Manifest] = {}

    def put(self, name: str, state: State, reason: Sentence = _NOTHING, step: Sentence = _NOTHING, **more: Any) -> None:
        found = self.found.get(name)
        self.statuses[name] = PluginStatus(
            name, state, name in self.wanted, found.manifest if found else None, reason, step, **more
        )
        self.running.pop(name, None)

    def select(self, database: Database, config: Config, unmigrated: set[str]) -> None:
        """Decide what can be known without importing anything."""
        for name in self.wanted - self.found.keys():
            params = {"name": name}
            self.put(
                name, State.MISSING, Sentence(N_("The package of %(name)s is not installed"), params),
                Sentence(N_("Install it again, or turn it off: crm plugin disable %(name)s"), params),
            )  # fmt: skip
        manifests = [f.manifest for f in self.found.values() if f.manifest]
        ordered, circle = in_order(manifests)
        for found in self.found.values():
            if found.manifest is None:
                self.put(found.name, State.BROKEN, Sentence("%(error)s", {"error": found.error}), _MEND)
        for name in circle:
            reason = Sentence(N_("The plugins %(names)s wait for each other"), {"names": ", ".join(circle)})
            self.put(name, State.BROKEN, reason, _MEND)
        for manifest in ordered:
            self._judge(manifest, database, config, unmigrated)

    def _judge(self, manifest: Manifest, database: Database, config: Config, unmigrated: set[str]) -> None:
        name = manifest.name
        if name not in self.wanted:
            step = Sentence(N_("Turn it on: crm plugin enable %(name)s"), {"name": name})
            self.put(name, State.DISABLED if name in self.known else State.AVAILABLE, step=step)
        elif not manifest.fits_core:
            params = {"range": str(manifest.core), "version": __version__}
            reason = Sentence(N_("It needs version %(range)s of the CRM, this is %(version)s"), params)
            self.put(name, State.INCOMPATIBLE, reason, Sentence(N_("Install a version that fits")))
        elif config.safe_mode and not manifest.on:
            step = Sentence(N_("Start again without CRM_SAFE_MODE"))
            self.put(name, State.BLOCKED, Sentence(N_("Safe mode leaves it out")), step)
        elif not self._blocked(manifest) and not self._unready(manifest, database, unmigrated):
            self.running[name] = manifest

    def _blocked(self, manifest: Manifest) -> bool:
        for need in manifest.requires:
            other = self.running.get(need.name)
            params = {"name": need.name, "range": str(need.versions), "version": other.version if other else ""}
            if other is None:
                state = self.statuses.get(need.name)
                params["state"] = state.state.value if state else State.MISSING.value
                reason = Sentence(N_("It needs %(name)s, which is not running (%(state)s)"), params)
                self.put(manifest.name, State.BLOCKED, reason, Sentence(N_("See: crm plugin info %(name)s"), params))
                return True
            if not need.accepts(other.version):
                reason = Sentence(N_("It needs %(name)s %(range)s, installed is %(version)s"), params)
                self.put(manifest.name, State.INCOMPATIBLE, reason, Sentence(N_("Install a version that fits")))
                return True
        return False

    def _unready(self, manifest: Manifest, database: Database, unmigrated: set[str]) -> bool:
        if manifest.name in unmigrated:
            return False
        try:
            waiting = migrations.pending(database, manifest.name, manifest.migrations)
        except migrations.VersionMismatch as exc:
            step = Sentence(N_("Install the version that the data were last used with, or a newer one"))
            self.put(manifest.name, State.INCOMPATIBLE, Sentence(exc.message, exc.params), step)
            return True
        except migrations.MigrationError as exc:
            self.put(manifest.name, State.BROKEN, Sentence(exc.message, exc.params), _MEND)
            return True
        if waiting:
            reason = Sentence(N_("Its tables have to be brought up to date"))
            self.put(manifest.name, State.PENDING, reason, Sentence(N_("Run: crm migrate")))
        return bool(waiting)

    def build(self, custom: Iterable[FieldDef], generation: int, incident: IncidentSink | None) -> Build:
        """Import what is left, leave out what fails, and freeze the rest."""
        loaded: list[_Loaded] = []
        ordered, _ = in_order(self.running.values())
        for manifest in ordered:
            if self._blocked(manifest):
                continue
            try:
                one = _load(manifest)
                _registry([*loaded, one])
            except Exception as exc:
                self._broken(manifest, exc)
            else:
                loaded.append(one)
        for one in loaded:
            self.put_active(one)
        hooks = implementations_of([(one.info.name, one.info.module) for one in loaded])
        dispatcher = Dispatcher(hooks, incident) if incident else Dispatcher(hooks)
        registry = _registry(loaded, dispatcher, tuple(custom), generation)
        return Build(registry, dict(sorted(self.statuses.items())))

    def put_active(self, one: _Loaded) -> None:
        """Note that a plugin runs, and let its translations be found."""
        name = one.info.name
        self.statuses[name] = PluginStatus(name, State.ACTIVE, True, self.running[name])
        add_catalogue(Path(one.info.folder) / "translations")

    def _broken(self, manifest: Manifest, exc: Exception) -> None:
        detail = "".join(traceback.format_exception(exc))
        if isinstance(exc, CrmError):
            self.put(manifest.name, State.BROKEN, Sentence(exc.message, exc.params), _MEND, detail=detail)
            return
        where = _place(exc, manifest.folder)
        reason = Sentence(N_("%(where)s: %(error)s"), {"where": where, "error": f"{type(exc).__name__}: {exc}"})
        self.put(manifest.name, State.BROKEN, reason, _MEND, detail=detail)


_MEND = Sentence(N_("Have it mended or install another version; the other plugins run without it"))


def _registry(
    loaded: Iterable[_Loaded],
    dispatcher: Dispatcher | None = None,
    custom: Iterable[FieldDef] = (),
    generation: int = 0,
) -> Registry:
    return build_registry(
        [(one.info, one.items) for one in loaded],
        dispatcher=dispatcher or Dispatcher({}),
        custom_fields=custom,
        kernel=kernel.contributions(),
        generation=generation,
    )


def _load(manifest: Manifest) -> _Loaded:
    """Import a plugin and collect what it contributes; a failure leaves nothing of it behind."""
    with _undone(manifest.module.partition(".")[0]):
        module = importlib.import_module(manifest.module)
        hooks = implementations_of([(manifest.name, module)])
        configure_mappers()
        items = tuple(item for _, function, _ in hooks.get("crm_contribute", ()) for item in function())
        if not manifest.migrations.is_dir() and any(t.startswith(f"{manifest.name}_") for t in Base.metadata.tables):
            message = N_("%(name)s has tables but no revisions; write them: crm dev revision %(name)s initial")
            raise ManifestError(message, params={"name": manifest.name}, plugin=manifest.name)
    info = PluginInfo(
        name=manifest.name,
        title=manifest.title,
        version=manifest.version,
        module=module,
        requires=tuple(r.name for r in manifest.requires),
        folder=str(manifest.folder),
    )
    return _Loaded(info, items)


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


def _place(exc: Exception, folder: Path) -> str:
    """Return file and line of the plugin where an exception was raised or passed through; its folder without one."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{exc.filename}, line {exc.lineno}"
    own = [f for f in traceback.extract_tb(exc.__traceback__) if Path(f.filename).is_relative_to(folder)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else str(folder)
