"""A running deployment: its database, its registry, its directory, and operations that join them for an actor."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crm_core import events, lifecycle
from crm_core.access import guard_for
from crm_core.config import Config
from crm_core.context import Actor, Ctx, Locale
from crm_core.db import CrmSession, Database, utcnow
from crm_core.directory import Directory, load_directory, stamps
from crm_core.i18n import use_language
from crm_core.models import Incident
from crm_core.registry import Registry

log = logging.getLogger("crm.deployment")
CHECK_EVERY = 1.0
"""Seconds a process may work with an old registry or directory."""


class Deployment:
    """One deployment in this process. Registry and directory are replaced as wholes, never changed."""

    def __init__(self, config: Config, database: Database | None = None) -> None:
        """Open the database; the registry is built at first use."""
        self.config = config
        self.database = database or Database(config.url)
        self._build: lifecycle.Build | None = None
        self._directory: Directory | None = None
        self._checked = 0.0
        self._lock = threading.RLock()
        self.after_commit: list[Callable[[Ctx], None]] = []

    @classmethod
    def open(cls, config: Config) -> Deployment:
        """Return a deployment whose database is migrated and whose registry is built.

        Raises:
            NotInitialised: the kernel's tables are missing or out of date.
        """
        found = cls(config)
        found.refresh(force=True)
        return found

    @property
    def registry(self) -> Registry:
        """Return the registry in force."""
        return self._built().registry

    @property
    def statuses(self) -> Mapping[str, lifecycle.PluginStatus]:
        """Return the state of every plugin at the last build."""
        return self._built().statuses

    @property
    def directory(self) -> Directory:
        """Return the directory in force."""
        self._built()
        assert self._directory is not None  # noqa: S101 - set together with the build
        return self._directory

    def _built(self) -> lifecycle.Build:
        if self._build is None:
            self.refresh(force=True)
        assert self._build is not None  # noqa: S101 - refresh sets it or raises
        return self._build

    def refresh(self, *, force: bool = False, known: Mapping[str, int] | None = None) -> None:
        """Build anew what has changed in the database since; at most once a second unless forced.

        ``known`` are counters a request read on its way, so that no statement of its own is needed.
        """
        now = time.monotonic()
        if known is None and not force and now - self._checked < CHECK_EVERY:
            return
        with self._lock:
            self._checked = now
            if known is None and self._build is not None:
                with self.database.transaction(write=False) as session:
                    known = stamps(session)
            self._rebuild(known or {})

    def _rebuild(self, known: Mapping[str, int]) -> None:
        build = self._build
        if build is None or build.registry.generation != known.get("registry", 0):
            build = lifecycle.assemble(self.database, self.config, incident=self._incident)
        stale = self._directory is None or self._directory.stamp != known.get("directory", 0)
        if stale or build is not self._build:
            with self.database.transaction(write=False) as session:
                directory = load_directory(session, build.registry, self.config.phone_region)
            self._directory, self._build = directory, build

    def _incident(self, plugin: str, where: str, error: Exception) -> None:
        """Write a skipped failure down, so that an administrator sees whose it was."""
        log.error("module %s failed in %s", plugin, where, exc_info=error)

        def write() -> None:
            try:
                with self.database.transaction() as session:
                    text = f"{type(error).__name__}: {error}"[:500]
                    session.add(Incident(plugin=plugin, where=where, message=text))
            except Exception:
                log.exception("an incident could not be written")

        threading.Thread(target=write, daemon=True).start()

    def system_actor(self, name: str = "System", *, via: str = "system") -> Actor:
        """Return the actor of the deployment's own work; it may do everything and says so in the history."""
        locale = Locale(self.config.language, self.config.timezone, region=self.config.phone_region)
        return Actor(id=None, name=name, moderator=True, system=True, locale=locale, via=via)

    @contextmanager
    def operation(
        self,
        actor: Actor,
        *,
        write: bool = True,
        locale: Locale | None = None,
        cache: Mapping[Any, Any] | None = None,
        now: dt.datetime | None = None,
        quiet: bool = False,
    ) -> Iterator[Ctx]:
        """Run the block as one transaction of an actor: committed at its end, rolled back on any error.

        Signals and jobs go out after the commit. ``cache`` may carry what the request already knows
        (``access_epoch``).

        Raises:
            Unavailable: the database is locked or gone; nothing was written.
        """
        self.refresh()
        with self.database.translated_errors(), self.database.session(write=write) as session:
            ctx = self.context(session, actor, locale=locale, now=now, quiet=quiet)
            ctx.cache.update(cache or {})
            with use_language(ctx.locale.language), session.begin():
                yield ctx
            self.committed(ctx)

    def context(
        self,
        session: CrmSession,
        actor: Actor,
        *,
        locale: Locale | None = None,
        now: dt.datetime | None = None,
        quiet: bool = False,
    ) -> Ctx:
        """Return the context of an operation on a session, which is limited to the actor from now on."""
        ctx = Ctx(
            actor=actor, session=session, registry=self.registry, directory=self.directory, config=self.config,
            database=self.database, now=now or utcnow(), locale=locale or actor.locale, quiet=quiet,
        )  # fmt: skip
        session.guard = None if actor.system else guard_for(ctx)
        return ctx

    def committed(self, ctx: Ctx) -> None:
        """Do what waits for the commit: read anew what changed, send signals, start jobs."""
        if ctx.session.info.pop("touched", False):
            self.refresh(force=True)
        queue, ctx.queue[:] = list(ctx.queue), []
        events.deliver((e for e in queue if isinstance(e, events.Event)), self)
        for callback in self.after_commit:
            callback(ctx)

    def close(self) -> None:
        """Close the database."""
        self.database.dispose()
