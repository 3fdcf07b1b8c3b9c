"""Which plugins there are, which of them run, why the others don't, and the registry made of those that do.

The wanted state is stored; the actual state is worked out at each build. A plugin that fails is left out with its
reason while the others run.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from crm_core import __version__, kernel, migrations
from crm_core.config import Config
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, CrmSession, Database
from crm_core.directory import stamps
from crm_core.discovery import Found, installed, is_let_in, make_importable
from crm_core.errors import CrmError
from crm_core.hooks import Dispatcher, Sinks, implementations_of
from crm_core.i18n import N_, add_catalogue
from crm_core.manifest import Manifest, in_order
from crm_core.models import PluginRow, SettingRow
from crm_core.plugin_loading import Loaded, load, loaded_version, place_of
from crm_core.plugin_states import NOTHING, WORDS, PluginStatus, Sentence, State
from crm_core.registry import OffEntity, Registry, build_registry


class NotInitialised(CrmError):
    """The database has no tables yet, or older ones than the program needs."""

    status, code, title = 503, "not_initialised", N_("The database is not set up for this version; run: crm init")


@dataclass(frozen=True)
class Build:
    """A registry and the state of every plugin that led to it."""

    registry: Registry
    statuses: Mapping[str, PluginStatus]


@dataclass(frozen=True)
class _Stored:
    """What the database says beside the plugins themselves."""

    rows: Mapping[str, Any]
    generation: int
    custom: tuple[FieldDef, ...]
    settings: Mapping[str, Any]


def build(database: Database, config: Config) -> Registry:
    """Return the registry of the wanted plugins that can run.

    Raises:
        NotInitialised: the kernel's tables are missing or out of date.
    """
    return assemble(database, config).registry


def assemble(
    database: Database,
    config: Config,
    *,
    wanted: Iterable[str] | None = None,
    unmigrated: Iterable[str] = (),
    sinks: Sinks | None = None,
) -> Build:
    """Work out the state of every plugin and build the registry of those that run.

    Args:
        database: a migrated database.
        config: the deployment; ``safe_mode`` leaves out what isn't released together with the kernel.
        wanted: names to build with instead of the stored ones, to try a change out.
        unmigrated: names whose pending migrations, and whatever was left unfinished, don't matter yet.
        sinks: told of every failure of a hook, and of quarantine.

    Raises:
        NotInitialised: the kernel's tables are missing or out of date.
    """
    if migrations.pending(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER):
        raise NotInitialised()
    with database.transaction(write=False) as session:
        stored = _read(session)
    names = {n for n, r in stored.rows.items() if r.wanted} if wanted is None else set(wanted)
    survey = _Survey(installed(config.plugins), names, stored, set(unmigrated))
    survey.select(database, config)
    return survey.build(sinks or Sinks())


def _read(session: CrmSession) -> _Stored:
    columns = (
        PluginRow.name, PluginRow.wanted, PluginRow.version, PluginRow.unfinished, PluginRow.inventory,
        PluginRow.quarantine,
    )  # fmt: skip
    settings = session.execute(sa.select(SettingRow.key, SettingRow.value), execution_options=KERNEL)
    return _Stored(
        {r.name: r for r in session.execute(sa.select(*columns), execution_options=KERNEL)},
        stamps(session).get("registry", 0),
        tuple(kernel.custom_fields(session)),
        {r.key: r.value for r in settings},
    )


_MEND = Sentence(N_("Have it mended or install another version; the other modules run without it"))
_GO_ON = N_("Go on: crm plugin enable %(name)s. Or give it up: crm plugin disable %(name)s")
_UNFINISHED: Mapping[str, tuple[str, str]] = {
    "enable": (N_("Turning it on was interrupted on %(since)s; nothing of it runs yet"), _GO_ON),
    "migrate": ("%(error)s", N_("Install a mended version and run: crm migrate. Or: crm plugin disable %(name)s")),
    "uninstall": (
        N_("Uninstalling it was interrupted on %(since)s; part of its data is gone"),
        N_("Go on: crm plugin uninstall %(name)s"),
    ),
}


@dataclass
class _Survey:
    """Sorts plugins into those that run and those that don't, each with its reason."""

    installed: list[Found]
    wanted: set[str]
    stored: _Stored
    unmigrated: set[str]
    statuses: dict[str, PluginStatus] = field(default_factory=dict)
    running: dict[str, Manifest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found = {f.name: f for f in self.installed}

    def put(self, name: str, state: State, reason: Sentence = NOTHING, step: Sentence = NOTHING, **more: Any) -> None:
        found, row = self.found.get(name), self.stored.rows.get(name)
        self.statuses[name] = PluginStatus(
            name, state, name in self.wanted, found.manifest if found else None, reason, step,
            stored=bool(row is not None and row.version), **more,
        )  # fmt: skip
        if state not in (State.ACTIVE, State.QUARANTINED):
            self.running.pop(name, None)

    def select(self, database: Database, config: Config) -> None:
        """Decide what can be known without importing anything."""
        for name in (self.wanted | set(self.stored.rows)) - self.found.keys():
            self._missing(name)
        ordered, circle = in_order([f.manifest for f in self.found.values() if f.manifest])
        for found in self.found.values():
            if found.manifest is not None:
                add_catalogue(found.manifest.folder / "translations", found.manifest.package)
            else:
                self.put(found.name, State.BROKEN, Sentence("%(error)s", {"error": found.error}), _MEND)
        for name in circle:
            reason = Sentence(
                N_("The modules %(names)s wait for each other"), {"names": tuple(map(self._title, circle))}
            )
            self.put(name, State.BROKEN, reason, _MEND)
        for manifest in ordered:
            self._judge(manifest, database, config)

    def _title(self, name: str) -> str:
        found = self.found.get(name)
        return found.manifest.title if found is not None and found.manifest is not None else name

    def _missing(self, name: str) -> None:
        params = {"name": name}
        reason = Sentence(N_("The package of %(name)s is not installed"), params)
        if name in self.wanted:
            step = Sentence(N_("Install it again, or turn it off: crm plugin disable %(name)s"), params)
        else:
            step = Sentence(N_("Install it again, or remove what is left of it: crm plugin forget %(name)s"), params)
        self.put(name, State.MISSING, reason, step)

    def _judge(self, manifest: Manifest, database: Database, config: Config) -> None:
        name, row = manifest.name, self.stored.rows.get(manifest.name)
        unfinished = row.unfinished if row is not None and name not in self.unmigrated else None
        if not manifest.fits_core and (name in self.wanted or not (row and row.version)):
            params = {"range": str(manifest.core), "version": __version__}
            reason = Sentence(N_("It needs version %(range)s of the CRM, this is %(version)s"), params)
            self.put(name, State.INCOMPATIBLE, reason, Sentence(N_("Install a version that fits")))
        elif unfinished:
            params = {"name": name, **unfinished}
            why, what = (Sentence(message, params) for message in _UNFINISHED[unfinished["verb"]])
            self.put(name, State.PENDING, why, what)
        elif name not in self.wanted:
            step = N_("Turn it on: crm plugin enable %(name)s")
            state = State.DISABLED if row is not None and row.version else State.AVAILABLE
            self.put(name, state, step=Sentence(step, {"name": name}))
        elif not is_let_in(manifest, safe_mode=config.safe_mode):
            step = N_("Start again without CRM_SAFE_MODE")
            self.put(name, State.BLOCKED, Sentence(N_("Safe mode leaves it out")), Sentence(step))
        elif not self._blocked(manifest) and not self._unready(manifest, database):
            self.running[name] = manifest

    def _blocked(self, manifest: Manifest) -> bool:
        for need in manifest.requires:
            other = self.running.get(need.name)
            version = other.version if other else ""
            params = {
                "name": need.name,
                "title": self._title(need.name),
                "range": str(need.versions),
                "version": version,
            }
            if other is None:
                state = self.statuses.get(need.name)
                params["state"] = WORDS[state.state if state else State.MISSING]
                reason = Sentence(N_("It needs %(title)s, which is not running (%(state)s)"), params)
                self.put(manifest.name, State.BLOCKED, reason, Sentence(N_("See: crm plugin info %(name)s"), params))
                return True
            if not need.accepts(other.version):
                reason = Sentence(N_("It needs %(title)s %(range)s, installed is %(version)s"), params)
                self.put(manifest.name, State.INCOMPATIBLE, reason, Sentence(N_("Install a version that fits")))
                return True
        return False

    def _unready(self, manifest: Manifest, database: Database) -> bool:
        if manifest.name in self.unmigrated:
            return False
        make_importable(manifest)
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

    def build(self, sinks: Sinks) -> Build:
        """Import what is left, leave out what fails, and freeze the rest."""
        loaded: list[Loaded] = []
        ordered, _ = in_order(self.running.values())
        for manifest in ordered:
            if self._blocked(manifest):
                continue
            try:
                one = load(manifest)
                self._registry([*loaded, one])
            except Exception as exc:
                self._broken(manifest, exc)
            else:
                loaded.append(one)
        for one in loaded:
            self._put_running(one)
        hooks = implementations_of([(one.info.name, one.info.module) for one in loaded])
        held = {n for n, s in self.statuses.items() if s.state is State.QUARANTINED}
        registry = self._registry(loaded, Dispatcher(hooks, sinks, quarantined=held))
        return Build(registry, dict(sorted(self.statuses.items())))

    def _registry(self, loaded: Iterable[Loaded], dispatcher: Dispatcher | None = None) -> Registry:
        one_by_one = [(one.info, one.items) for one in loaded]
        names = {info.name for info, _ in one_by_one}
        return build_registry(
            one_by_one,
            dispatcher=dispatcher or Dispatcher({}),
            custom_fields=self.stored.custom,
            kernel=kernel.contributions(),
            generation=self.stored.generation,
            stored=self.stored.settings,
            off=self._off(names),
            off_fields=self._off_fields(names),
        )

    def _off(self, running: set[str]) -> dict[str, OffEntity]:
        """Return the entities of plugins that were on before and don't run, from what was noted then."""
        found = {}
        for name, row in self.stored.rows.items():
            if name not in running and row.inventory:
                plurals = row.inventory.get("plurals", {})
                for key, table, column in row.inventory.get("entities", ()):
                    found[key] = OffEntity(key, table, column, self._title(name), plurals.get(key, ""))
        return found

    def _off_fields(self, running: set[str]) -> dict[tuple[str, str], str]:
        """Return the fields of plugins that were on before and don't run, each with the plugin's title."""
        noted = ((n, r.inventory) for n, r in self.stored.rows.items() if n not in running and r.inventory)
        return {(e, key): self._title(n) for n, inventory in noted for e, key, _ in inventory.get("fields", ())}

    def _put_running(self, one: Loaded) -> None:
        """Note that a plugin runs."""
        name, manifest = one.info.name, self.running[one.info.name]
        row = self.stored.rows.get(name)
        if row is not None and row.quarantine:
            reason = Sentence(N_("%(where)s failed three times within a minute: %(error)s"), row.quarantine)
            step = N_("Release it when it is mended: crm plugin release %(name)s")
            self.put(name, State.QUARANTINED, reason, Sentence(step, {"name": name}))
        elif loaded_version(manifest) != manifest.version:
            params = {"old": loaded_version(manifest), "new": manifest.version}
            reason = Sentence(N_("Version %(new)s is installed, this process still works with %(old)s"), params)
            self.put(name, State.ACTIVE, reason, Sentence(N_("Start the CRM again")))
        else:
            self.put(name, State.ACTIVE)

    def _broken(self, manifest: Manifest, exc: Exception) -> None:
        detail = "".join(traceback.format_exception(exc))
        if isinstance(exc, CrmError):
            self.put(manifest.name, State.BROKEN, Sentence(exc.message, exc.params), _MEND, detail=detail)
            return
        where = place_of(exc, manifest.folder, manifest.file) or str(manifest.file or manifest.folder)
        reason = Sentence(N_("%(where)s: %(error)s"), {"where": where, "error": f"{type(exc).__name__}: {exc}"})
        self.put(manifest.name, State.BROKEN, reason, _MEND, detail=detail)
