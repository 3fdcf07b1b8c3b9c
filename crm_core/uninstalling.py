"""Removing a plugin with everything it has stored: what would go, an archive of it, the revisions back, the rest.

``uninstall`` needs the installed package, whose revisions take its tables back; ``forget`` is for when it is gone.
Both can be repeated after a process died in the middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crm_core import migrations, plugin_data
from crm_core.config import Config
from crm_core.context import Actor
from crm_core.db import KERNEL, CrmSession, Database
from crm_core.directory import touch
from crm_core.discovery import installed, make_importable
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import N_
from crm_core.lifecycle import assemble
from crm_core.models import PluginRow
from crm_core.plugin_data import Belongings, Format, Holding
from crm_core.switching import OPERATOR, context, dependents, disable, note_begun, record, title_of


@dataclass(frozen=True)
class Removal:
    """What would be gone for good, and who stands in the way."""

    name: str
    holdings: tuple[Holding, ...]
    needed_by: tuple[str, ...]
    """Plugins that are on and require it."""
    referring: Mapping[str, str]
    """Tables of other plugins that refer to its tables."""

    @property
    def possible(self) -> bool:
        """Tell whether nothing stands in the way."""
        return not self.needed_by and not self.referring


def belongings(database: Database, config: Config, name: str) -> Belongings:
    """Return what is known of a plugin's data.

    Raises:
        NotFound: the database knows no such plugin.
    """
    with database.transaction(write=False) as session:
        rows = session.execute(sa.select(PluginRow.name, PluginRow.inventory), execution_options=KERNEL).all()
    inventories: dict[str, Any] = {r.name: r.inventory or {} for r in rows}
    if name not in inventories:
        raise NotFound(N_("Nothing of a module %(name)s is stored"), params={"name": name})
    others = {f.name for f in installed(config.plugins)} | set(inventories) | {migrations.KERNEL_NAME}
    return Belongings(name, inventories[name], frozenset(others - {name}))


def plan(database: Database, config: Config, name: str) -> Removal:
    """Return what uninstalling or forgetting a plugin would remove; nothing is changed.

    Raises:
        NotFound: the database knows no such plugin.
    """
    own = belongings(database, config, name)
    with database.translated_errors(), database.reader.connect() as connection:
        found = tuple(plugin_data.holdings(connection, own))
        tied = plugin_data.referring(connection, own)
    return Removal(name, found, tuple(dependents(database, name, config)), tied)


def export(database: Database, config: Config, name: str, target: Path, form: Format = "jsonl") -> Path:
    """Write all a plugin has stored to a zip archive.

    Raises:
        NotFound: the database knows no such plugin.
    """
    own = belongings(database, config, name)
    with database.translated_errors(), database.reader.connect() as connection:
        plugin_data.export(connection, own, target, form)
    return target


def uninstall(database: Database, config: Config, name: str, *, by: Actor = OPERATOR) -> Removal:
    """Turn a plugin off, take its revisions back and remove all it has stored; returns what that was.

    Raises:
        NotFound: the database knows no such plugin.
        Conflict: its package is not there, or other plugins stand in the way.
        MigrationError: a revision can't be taken back; its data are all there.
    """
    manifest = next((f.manifest for f in installed(config.plugins) if f.name == name), None)
    removal = _allowed(database, config, name)
    if manifest is None:
        message = N_("The package of %(name)s can't be read; remove its data with: crm plugin forget %(name)s")
        raise Conflict(message, params={"name": name})
    disable(database, config, name, by=by)
    note_begun(database, [name], "uninstall")
    make_importable(manifest)
    if manifest.migrations.is_dir():
        migrations.downgrade(database, name, manifest.migrations)
    _remove(database, config, name, by, "uninstall", removal)
    return removal


def forget(database: Database, config: Config, name: str, *, by: Actor = OPERATOR) -> Removal:
    """Remove all that a plugin has stored whose package is gone; returns what that was.

    Raises:
        NotFound: the database knows no such plugin.
        Conflict: its package is there, or other plugins stand in the way.
    """
    if any(f.name == name and f.manifest for f in installed(config.plugins)):
        message = N_("%(title)s is installed; use: crm plugin uninstall %(name)s")
        raise Conflict(message, params={"name": name, "title": title_of(config, name)})
    removal = _allowed(database, config, name)
    note_begun(database, [name], "uninstall")
    _remove(database, config, name, by, "forget", removal)
    return removal


def _allowed(database: Database, config: Config, name: str) -> Removal:
    removal = plan(database, config, name)
    if removal.needed_by:
        message = N_("%(name)s can't be removed: %(others)s needs it; turn that off first")
        others = tuple(title_of(config, n) for n in removal.needed_by)
        raise Conflict(message, params={"name": title_of(config, name), "others": others})
    if removal.referring:
        message = N_("%(name)s can't be removed: %(others)s refers to its rows; uninstall what that belongs to first")
        raise Conflict(message, params={"name": title_of(config, name), "others": tuple(removal.referring)})
    return removal


def _remove(database: Database, config: Config, name: str, by: Actor, action: str, removal: Removal) -> None:
    """Remove the data and the plugin's own row in one transaction."""
    own = belongings(database, config, name)
    registry = assemble(database, config).registry
    counts = {f"{h.kind} {h.name}".strip(): [h.count, None] for h in removal.holdings}
    with migrations.locked(database) as connection:
        plugin_data.purge(connection, own)
        with _session(connection) as session:
            session.execute(sa.delete(PluginRow).where(PluginRow.name == name), execution_options=KERNEL)
            touch(session, "registry")
            touch(session)
            record(context(session, database, config, registry, by), name, action, counts)
            session.flush()


def _session(connection: Connection) -> CrmSession:
    """Return a session inside a running transaction, which it doesn't end."""
    return CrmSession(bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only")
