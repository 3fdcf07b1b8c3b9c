"""Trying plugins out without touching the deployment: ``crm plugin check``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from crm_core import migrations
from crm_core.config import Config
from crm_core.db import Database
from crm_core.discovery import Found, installed
from crm_core.drift import drift
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import N_, gettext
from crm_core.lifecycle import assemble
from crm_core.manifest import Manifest, in_order
from crm_core.plugin_loading import tables_of
from crm_core.plugin_states import RUNNING
from crm_core.web import assets, plugin_icons


def check(config: Config, name: str | None = None) -> dict[str, list[str]]:
    """Return what is wrong with a plugin, or with each; nothing is good.

    Raises:
        NotFound: there is no such plugin.
    """
    found = {f.name: f for f in installed(config.plugins)}
    if name is not None and name not in found:
        raise NotFound(N_("There is no plugin %(name)s"), params={"name": name})
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'scratch.sqlite3'}")
        try:
            migrations.upgrade(database, migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)
            return {n: list(_problems(database, config, found, n)) for n in ([name] if name else sorted(found))}
        finally:
            database.dispose()


def _problems(database: Database, config: Config, found: dict[str, Found], name: str) -> Iterator[str]:
    manifest = found[name].manifest
    if manifest is None:
        yield found[name].error
        return
    needed = _needed(found, manifest)
    build = assemble(database, config, wanted=needed, unmigrated=needed)
    status = build.statuses[name]
    if status.state not in RUNNING:
        yield status.reason.text()
        return
    yield from plugin_icons.problems(build.registry, name, assets.built().icons)
    yield from _revisions(database, found, manifest, needed)


def _needed(found: dict[str, Found], manifest: Manifest) -> set[str]:
    """Return a plugin's name and those of all it requires that are there."""
    names, waiting = set[str](), [manifest]
    while waiting:
        one = waiting.pop()
        names.add(one.name)
        more = (found[r.name].manifest for r in one.requires if r.name in found and r.name not in names)
        waiting += [m for m in more if m is not None]
    return names


def _revisions(database: Database, found: dict[str, Found], manifest: Manifest, needed: set[str]) -> Iterator[str]:
    """Run the revisions up, down and up again, and compare the tables with the models."""
    before = in_order(m for n in needed if (m := found[n].manifest) is not None)[0]
    try:
        for one in before:
            migrations.upgrade(database, one.name, one.migrations)
        if manifest.migrations.is_dir():
            yield from (gettext(N_("Tables: %(what)s"), what=d) for d in drift(database, manifest.name, found))
            migrations.downgrade(database, manifest.name, manifest.migrations)
            left = [t for t in tables_of(manifest.name, found) if database_has(database, t)]
            if left:
                yield gettext(
                    N_("After its revisions were taken back there is still %(tables)s"), tables=", ".join(left)
                )
            migrations.upgrade(database, manifest.name, manifest.migrations)
    except CrmError as exc:
        yield exc.text()


def database_has(database: Database, table: str) -> bool:
    """Tell whether a table is there."""
    with database.reader.connect() as connection:
        return bool(database.engine.dialect.has_table(connection, table))
