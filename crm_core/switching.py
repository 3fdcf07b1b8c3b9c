"""Turning plugins on and off: what goes along, what stands in the way, migrations, seeds and the new stamp.

Each step is a transaction of its own. Before the first one it is noted what was begun, and at the end that it is done:
a process that dies between leaves the plugin PENDING, and the same command goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm_core import history, kernel, migrations, settings
from crm_core.config import Config
from crm_core.context import Actor, Ctx
from crm_core.db import KERNEL, CrmSession, Database, utcnow
from crm_core.directory import touch
from crm_core.directory_reading import load_directory
from crm_core.discovery import installed, is_let_in, make_importable, titles
from crm_core.errors import Conflict, NotFound, PluginError
from crm_core.hooks import implementations_of
from crm_core.i18n import N_, gettext
from crm_core.lifecycle import Build, assemble
from crm_core.manifest import Manifest, in_order
from crm_core.models import PluginRow
from crm_core.plugin_plan import Part, inventory_of, parts_of, waiting_of
from crm_core.plugin_states import RUNNING, PluginStatus, State
from crm_core.registry import Registry

OPERATOR = Actor(id=None, name="system", system=True, moderator=True, via="cli")


def prepare(database: Database, config: Config | None = None) -> list[str]:
    """Bring the kernel's tables and those of every wanted plugin up to date; returns ``plugin revision`` texts.

    Plugins seen for the first time are wanted when their manifest says ``default = "on"``. A plugin whose revision
    fails is left PENDING with the reason; the others go on. Safe mode waits with all that it leaves out.

    Raises:
        MigrationError: a revision of the kernel failed; what ran before it is kept.
    """
    done = [f"core {r}" for r in migrations.upgrade(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)]
    found = [f.manifest for f in installed(config.plugins if config else None) if f.manifest]
    manifests = [m for m in found if is_let_in(m, safe_mode=config is not None and config.safe_mode)]
    with database.transaction() as session:
        migrations.alone(session)
        _note_new(session, manifests)
        wanted = wanted_names(session)
    for manifest in in_order(m for m in manifests if m.name in wanted and m.fits_core)[0]:
        make_importable(manifest)
        try:
            ran = migrations.upgrade(database, manifest.name, manifest.migrations)
        except migrations.VersionMismatch:
            continue  # said by its state
        except migrations.MigrationError as exc:
            note_begun(database, [manifest.name], "migrate", str(exc.text()))
            continue
        done += [f"{manifest.name} {r}" for r in ran]
        _forget_failure(database, manifest.name)
    return done


def _note_new(session: CrmSession, manifests: Iterable[Manifest]) -> None:
    known = set(session.scalars(sa.select(PluginRow.name), execution_options=KERNEL))
    fresh = [m for m in manifests if m.name not in known and m.on and not m.local]
    session.add_all(PluginRow(name=m.name, wanted=True, version=m.version, seeded=[]) for m in fresh)
    if fresh:
        touch(session, "registry")


def wanted_names(session: CrmSession) -> set[str]:
    """Return the names of the plugins that are wanted, whether they can run or not."""
    return set(session.scalars(sa.select(PluginRow.name).where(PluginRow.wanted), execution_options=KERNEL))


def initialise(database: Database, config: Config) -> list[str]:
    """Bring every table up to date, fill what was never filled, and end what was begun; safe to repeat.

    Returns what was migrated.

    Raises:
        MigrationError: a revision of the kernel failed.
    """
    done = prepare(database, config)
    for name in _begun(database, "enable"):
        try:
            enable(database, config, name)
        except (Conflict, NotFound, PluginError, migrations.MigrationError):
            continue  # said by its state
        done.append(gettext(N_("%(name)s is on"), name=title_of(config, name)))
    registry = assemble(database, config).registry
    with database.transaction() as session:
        migrations.alone(session)
        kernel.seed(session, registry)
        _note_inventories(session, registry)
    kernel.build_indexes(database, registry)
    return done


def _begun(database: Database, verb: str) -> list[str]:
    query = sa.select(PluginRow.name, PluginRow.unfinished)
    with database.transaction(write=False) as session:
        rows = session.execute(query, execution_options=KERNEL).all()
    return [r.name for r in rows if r.unfinished and r.unfinished["verb"] == verb]


def _note_inventories(session: CrmSession, registry: Registry) -> None:
    for row in session.scalars(sa.select(PluginRow), execution_options=KERNEL):
        if row.name in registry.plugins and row.inventory != (now := inventory_of(registry, row.name)):
            row.inventory = now


def note_begun(database: Database, names: Iterable[str], verb: str, error: str = "") -> None:
    """Note what is begun, or what failed, in a transaction that is over before the work begins."""
    with database.transaction() as session:
        for name in names:
            row = session.get(PluginRow, name) or PluginRow(name=name, seeded=[], wanted=False)
            row.unfinished = {"verb": verb, "since": f"{utcnow():%Y-%m-%d %H:%M} UTC", "error": error[:500]}
            row.wanted = row.wanted or verb == "migrate"
            session.add(row)
        session.flush()
        if error:
            touch(session, "registry")


def _forget_failure(database: Database, name: str) -> None:
    with database.transaction() as session:
        row = session.get(PluginRow, name)
        if row is not None and row.unfinished and row.unfinished["verb"] == "migrate":
            row.unfinished = None if row.version else {**row.unfinished, "verb": "enable", "error": ""}
            touch(session, "registry")


def title_of(config: Config, name: str) -> str:
    """Return what people call a plugin, to be translated when it is shown; its name while that can't be read."""
    return titles(config.plugins).get(name, name)


# ---------------------------------------------------------------- turning on


@dataclass(frozen=True)
class Addition:
    """One plugin that is about to be turned on or off, and what it adds."""

    status: PluginStatus
    parts: tuple[Part, ...]
    waiting: tuple[str, ...] = ()


def plan_enable(database: Database, name: str, config: Config | None = None) -> list[str]:
    """Return what enabling a plugin turns on, requirements first, the plugin last; empty when it is on.

    Raises:
        NotFound: it, or something it requires, is not installed.
        Conflict: the manifest of one of them can't be read.
    """
    manifests = {f.name: f for f in installed(config.plugins if config else None)}
    with database.transaction(write=False) as session:
        wanted = wanted_names(session) - _failed_names(session)
    needed: dict[str, Manifest] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in needed or (one in wanted and one != name):
            continue
        found = manifests.get(one)
        if found is None:
            raise NotFound(N_("The plugin %(name)s is not installed"), params={"name": one})
        if found.manifest is None:
            raise Conflict(N_("%(name)s can't be turned on: %(reason)s"), params={"name": one, "reason": found.error})
        needed[one] = found.manifest
        waiting += [r.name for r in found.manifest.requires]
    ordered, circle = in_order(needed.values())
    return [m.name for m in ordered if m.name not in wanted] + [n for n in circle if n not in wanted]


def _failed_names(session: CrmSession) -> set[str]:
    rows = session.execute(sa.select(PluginRow.name, PluginRow.unfinished), execution_options=KERNEL)
    return {r.name for r in rows if r.unfinished}


def preview(database: Database, config: Config, name: str) -> list[Addition]:
    """Return the plugins that enabling one turns on, each with what it adds; they are imported for it.

    Raises:
        NotFound: it, or something it requires, is not installed.
        Conflict: one of them can't run; the text says why.
    """
    plan = plan_enable(database, name, config)
    trial = _trial(database, config, plan, name)
    return [_addition(trial, one) for one in plan]


def _addition(trial: Build, name: str) -> Addition:
    registry = trial.registry
    return Addition(trial.statuses[name], tuple(parts_of(registry, name)), tuple(waiting_of(registry, name)))


def _trial(database: Database, config: Config, plan: Iterable[str], name: str) -> Build:
    """Return the build that would be, and refuse what can't run."""
    with database.transaction(write=False) as session:
        goal = wanted_names(session) | set(plan) | {name}
    trial = assemble(database, config, wanted=goal, unmigrated=goal)
    for one in [*plan, name]:
        _must_run(trial.statuses[one])
    return trial


def enable(database: Database, config: Config, name: str, *, by: Actor = OPERATOR) -> list[str]:
    """Turn a plugin on with everything it requires; returns the names, in order.

    It is imported and checked first, then migrated, then seeded. A revision that fails leaves the plugin PENDING with
    the reason; whatever else fails leaves the wanted state as it was.

    Raises:
        NotFound: not installed.
        Conflict: it can't run; the text says why.
        MigrationError: its tables can't be made.
    """
    plan = plan_enable(database, name, config)
    trial = _trial(database, config, plan, name)
    manifests = {n: s.manifest for n, s in trial.statuses.items() if s.manifest}
    if plan:
        note_begun(database, plan, "enable")
    for one in plan or [name]:
        _migrate(database, manifests[one], plan)
    if not plan:
        return []
    try:
        with database.transaction() as session:
            migrations.alone(session)
            _want(session, plan, manifests, trial.registry)
            kernel.seed(session, trial.registry)
            for one in plan:
                tell(session, database, config, trial.registry, one, State.DISABLED, State.ACTIVE)
                record(context(session, database, config, trial.registry, by), one, "enable")
    except Exception:
        _give_up(database, plan)
        raise
    kernel.build_indexes(database, trial.registry)
    return plan


def _migrate(database: Database, manifest: Manifest, plan: list[str]) -> None:
    try:
        migrations.upgrade(database, manifest.name, manifest.migrations)
    except migrations.MigrationError as exc:
        _give_up(database, plan)
        note_begun(database, [manifest.name], "migrate", exc.text())
        raise


def _give_up(database: Database, names: Iterable[str]) -> None:
    """Take back what was noted; a plugin that was never on is as if nobody had asked."""
    with database.transaction() as session:
        for row in session.scalars(
            sa.select(PluginRow).where(PluginRow.name.in_(list(names))), execution_options=KERNEL
        ):
            row.unfinished, row.wanted = None, False
            if not row.version:
                session.delete(row)


def _must_run(status: PluginStatus) -> None:
    if status.state not in RUNNING:
        params = {"name": status.marked_title, "reason": status.reason.text()}
        raise Conflict(N_("%(name)s can't be turned on: %(reason)s"), params=params, hint=status.detail or None)


def _want(session: CrmSession, names: Iterable[str], manifests: Mapping[str, Manifest], registry: Registry) -> None:
    for name in names:
        row = session.get(PluginRow, name) or PluginRow(name=name, seeded=[])
        row.wanted, row.version, row.changed_at = True, manifests[name].version, utcnow()
        row.unfinished, row.quarantine, row.inventory = None, None, inventory_of(registry, name)
        session.add(row)
    session.flush()
    touch(session, "registry")


# ---------------------------------------------------------------- turning off


def dependents(database: Database, name: str, config: Config | None = None) -> list[str]:
    """Return the wanted plugins that require a plugin, directly."""
    with database.transaction(write=False) as session:
        wanted = wanted_names(session)
    found = installed(config.plugins if config else None)
    return sorted(
        f.name for f in found if f.name in wanted and f.manifest and name in {r.name for r in f.manifest.requires}
    )


def refuse_needed(database: Database, config: Config, name: str) -> None:
    """Refuse to turn off what something else that is on requires.

    Raises:
        Conflict: all such plugins are named.
    """
    if needing := dependents(database, name, config):
        message = N_("%(name)s can't be turned off: %(others)s needs it; turn that off first")
        others = tuple(title_of(config, n) for n in needing)
        raise Conflict(message, params={"name": title_of(config, name), "others": others})


def disable(database: Database, config: Config, name: str, *, by: Actor = OPERATOR) -> bool:
    """Turn a plugin off; its rows and values stay. Returns whether it was on.

    Raises:
        NotFound: there is no such plugin, here or in the database.
        Conflict: something that is on requires it; all such are named.
    """
    refuse_needed(database, config, name)
    running = assemble(database, config)
    with database.transaction() as session:
        row = session.get(PluginRow, name)
        if row is None:
            raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
        if not row.wanted and not row.unfinished:
            return False
        row.wanted, row.unfinished, row.quarantine, row.changed_at = False, None, None, utcnow()
        session.flush()
        touch(session, "registry")
        if name in running.registry.plugins:
            row.inventory = inventory_of(running.registry, name)
            tell(session, database, config, running.registry, name, State.ACTIVE, State.DISABLED)
        record(context(session, database, config, running.registry, by), name, "disable")
        if not row.version:
            session.delete(row)
    return True


def release(database: Database, config: Config, name: str, *, by: Actor = OPERATOR) -> None:
    """Let a plugin's optional hooks be called again.

    Raises:
        NotFound: there is no such plugin in the database.
        Conflict: it is not held back.
    """
    registry = assemble(database, config).registry
    with database.transaction() as session:
        row = session.get(PluginRow, name)
        if row is None:
            raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
        if not row.quarantine:
            raise Conflict(N_("%(name)s is not held back"), params={"name": title_of(config, name)})
        row.quarantine = None
        touch(session, "registry")
        record(context(session, database, config, registry, by), name, "release")


def context(session: CrmSession, database: Database, config: Config, registry: Registry, actor: Actor) -> Ctx:
    """Return the context of a change of plugins, which no running registry belongs to."""
    return Ctx(
        actor=actor,
        session=session,
        registry=registry,
        directory=load_directory(session, registry, config.phone_region, unseal=settings.unsealer(config)),
        config=config,
        database=database,
        now=utcnow(),
    )


def record(ctx: Ctx, name: str, action: str, diff: Mapping[str, Any] | None = None) -> None:
    """Write to the history who turned what on or off."""
    history.note(ctx, "core.plugin", 0, name, action, diff)


def tell(
    session: CrmSession, database: Database, config: Config, registry: Registry, name: str, old: State, new: State
) -> None:
    """Tell a plugin of its own change of state; raising while it is turned on leaves it off.

    Raises:
        PluginError: the plugin raised while being turned on.
    """
    hooks = implementations_of([(name, registry.plugins[name].module)]).get("crm_plugin_state", ())
    for _, function, names in hooks:
        ctx = context(session, database, config, registry, OPERATOR)
        values = {"ctx": ctx, "old": old.value, "new": new.value}
        try:
            function(**{n: values[n] for n in names})
        except Exception as exc:
            if new is State.ACTIVE:
                params = {"name": registry.plugins[name].title, "reason": str(exc)}
                raise PluginError(N_("%(name)s can't be turned on: %(reason)s"), params=params, plugin=name) from exc
            registry.hooks.incident(name, "crm_plugin_state", exc)
