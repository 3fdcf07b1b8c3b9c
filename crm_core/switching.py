"""Turning plugins on and off: what goes along, what stands in the way, migrations, seeds and the new stamp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from crm_core import kernel, migrations
from crm_core.config import Config
from crm_core.context import Actor, Ctx
from crm_core.db import KERNEL, CrmSession, Database, utcnow
from crm_core.directory import load_directory, touch
from crm_core.errors import Conflict, NotFound, PluginError
from crm_core.hooks import implementations_of
from crm_core.i18n import N_
from crm_core.lifecycle import PluginStatus, State, assemble
from crm_core.manifest import Manifest, in_order, installed
from crm_core.models import PluginRow
from crm_core.registry import Registry

_OPERATOR = Actor(id=None, name="system", system=True, moderator=True, via="cli")


def prepare(database: Database) -> list[str]:
    """Bring the kernel's tables and those of every wanted plugin up to date; returns ``plugin revision`` texts.

    Plugins seen for the first time are wanted when their manifest says ``default = "on"``.

    Raises:
        MigrationError: a revision failed; what ran before it is kept.
    """
    done = [f"core {r}" for r in migrations.upgrade(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)]
    manifests = [f.manifest for f in installed() if f.manifest]
    with database.transaction() as session:
        migrations.alone(session)
        _note_new(session, manifests)
        wanted = wanted_names(session)
    for manifest in in_order(m for m in manifests if m.name in wanted)[0]:
        done += [f"{manifest.name} {r}" for r in migrations.upgrade(database, manifest.name, manifest.migrations)]
    return done


def _note_new(session: CrmSession, manifests: Iterable[Manifest]) -> None:
    known = set(session.scalars(sa.select(PluginRow.name), execution_options=KERNEL))
    fresh = [m for m in manifests if m.name not in known and m.on]
    session.add_all(PluginRow(name=m.name, wanted=True, version=m.version, seeded=[]) for m in fresh)
    if fresh:
        touch(session, "registry")


def wanted_names(session: CrmSession) -> set[str]:
    """Return the names of the plugins that are wanted, whether they can run or not."""
    return set(session.scalars(sa.select(PluginRow.name).where(PluginRow.wanted), execution_options=KERNEL))


def initialise(database: Database, config: Config) -> list[str]:
    """Bring every table up to date and fill what was never filled; safe to repeat. Returns what was migrated.

    Raises:
        MigrationError: a revision failed.
    """
    done = prepare(database)
    registry = assemble(database, config).registry
    with database.transaction() as session:
        migrations.alone(session)
        kernel.seed(session, registry)
    kernel.build_indexes(database, registry)
    return done


def plan_enable(database: Database, name: str) -> list[str]:
    """Return what enabling a plugin turns on, requirements first, the plugin last; empty when it is on.

    Raises:
        NotFound: it, or something it requires, is not installed.
    """
    manifests = {f.name: f for f in installed()}
    with database.transaction(write=False) as session:
        wanted = wanted_names(session)
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
            raise Conflict(N_("%(name)s can't be enabled: %(reason)s"), params={"name": one, "reason": found.error})
        needed[one] = found.manifest
        waiting += [r.name for r in found.manifest.requires]
    ordered, circle = in_order(needed.values())
    return [m.name for m in ordered if m.name not in wanted] + [n for n in circle if n not in wanted]


def enable(database: Database, config: Config, name: str) -> list[str]:
    """Turn a plugin on with everything it requires; returns the names, in order.

    It is imported and checked first, then migrated, then seeded; what fails leaves the wanted state as it was.

    Raises:
        NotFound: not installed.
        Conflict: it can't run; the text says why.
        MigrationError: its tables can't be made.
    """
    plan = plan_enable(database, name)
    with database.transaction(write=False) as session:
        before = wanted_names(session)
    goal = before | set(plan) | {name}
    trial = assemble(database, config, wanted=goal, unmigrated=goal)
    for one in [*plan, name]:
        _must_run(trial.statuses[one])
    manifests = {n: s.manifest for n, s in trial.statuses.items() if s.manifest}
    for one in plan or [name]:
        migrations.upgrade(database, one, manifests[one].migrations)
    if not plan:
        return []
    with database.transaction() as session:
        _want(session, plan, manifests)
        kernel.seed(session, trial.registry)
        for one in plan:
            tell(session, database, config, trial.registry, one, State.DISABLED, State.ACTIVE)
    kernel.build_indexes(database, trial.registry)
    return plan


def _must_run(status: PluginStatus) -> None:
    if status.state is not State.ACTIVE:
        params = {"name": status.name, "reason": status.reason.text()}
        raise Conflict(N_("%(name)s can't be enabled: %(reason)s"), params=params, hint=status.detail or None)


def _want(session: CrmSession, names: Iterable[str], manifests: Mapping[str, Manifest]) -> None:
    for name in names:
        row = session.get(PluginRow, name) or PluginRow(name=name, seeded=[])
        row.wanted, row.version, row.changed_at = True, manifests[name].version, utcnow()
        session.add(row)
    session.flush()
    touch(session, "registry")


def dependents(database: Database, name: str) -> list[str]:
    """Return the wanted plugins that require a plugin, directly."""
    with database.transaction(write=False) as session:
        wanted = wanted_names(session)
    return sorted(
        f.name for f in installed() if f.name in wanted and f.manifest and name in {r.name for r in f.manifest.requires}
    )


def disable(database: Database, config: Config, name: str) -> None:
    """Turn a plugin off; its rows and values stay.

    Raises:
        NotFound: there is no such plugin, here or in the database.
        Conflict: something that is on requires it; all such are named.
    """
    if needing := dependents(database, name):
        message = N_("%(name)s can't be turned off: %(others)s needs it; turn that off first")
        raise Conflict(message, params={"name": name, "others": ", ".join(needing)})
    running = assemble(database, config)
    with database.transaction() as session:
        row = session.get(PluginRow, name)
        if row is None:
            raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
        if not row.wanted:
            return
        row.wanted, row.changed_at = False, utcnow()
        session.flush()
        touch(session, "registry")
        if name in running.registry.plugins:
            tell(session, database, config, running.registry, name, State.ACTIVE, State.DISABLED)


def tell(
    session: CrmSession, database: Database, config: Config, registry: Registry, name: str, old: State, new: State
) -> None:
    """Tell a plugin of its own change of state; raising while it is turned on leaves it off.

    Raises:
        PluginError: the plugin raised while being turned on.
    """
    hooks = implementations_of([(name, registry.plugins[name].module)]).get("crm_plugin_state", ())
    for _, function, names in hooks:
        ctx = Ctx(
            actor=_OPERATOR,
            session=session,
            registry=registry,
            directory=load_directory(session, registry, config.phone_region),
            config=config,
            database=database,
            now=utcnow(),
        )
        values = {"ctx": ctx, "old": old.value, "new": new.value}
        try:
            function(**{n: values[n] for n in names})
        except Exception as exc:
            if new is State.ACTIVE:
                raise PluginError(
                    N_("%(name)s can't be enabled: %(reason)s"), params={"name": name, "reason": str(exc)}, plugin=name
                ) from exc
            registry.hooks.incident(name, "crm_plugin_state", exc)
