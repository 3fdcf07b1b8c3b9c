"""A running deployment: its database, its registry, its directory, and operations that join them for an actor."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from crm_core import events, lifecycle, settings
from crm_core.access import guard_for
from crm_core.config import Config
from crm_core.context import Actor, Ctx, Locale
from crm_core.db import CrmSession, Database, utcnow
from crm_core.directory import Directory, stamps, touch
from crm_core.directory_reading import load_directory
from crm_core.errors import CrmError, Unavailable
from crm_core.hooks import Sinks
from crm_core.i18n import use_language
from crm_core.models import Incident, PluginRow
from crm_core.plugin_loading import place_of
from crm_core.plugin_states import RUNNING, PluginStatus
from crm_core.registry import Registry

log = logging.getLogger("crm.deployment")
CHECK_EVERY = 1.0
"""Seconds a process may work with an old registry or directory."""
RETRY_BUILD = 60.0
"""Seconds until a build that failed is tried again."""
INCIDENT_EVERY = 60.0
"""Seconds in which the same failure is written down once."""


@dataclass(frozen=True)
class Served:
    """What a process works with: a build, and the directory that fits its registry."""

    build: lifecycle.Build
    directory: Directory


_pinned: ContextVar[Served | None] = ContextVar("crm_served", default=None)
"""What the running request began with."""


def _versions(served: Served) -> dict[str, str]:
    return {p.name: p.version for p in served.build.registry.plugins.values()}


def _silent(served: Served) -> set[str]:
    """Return the packages of the modules that don't run; this process may have imported them before."""
    found = served.build.statuses.values()
    return {s.manifest.package for s in found if s.manifest is not None and s.state not in RUNNING}


class Deployment:
    """One deployment in this process. Registry and directory are replaced as wholes, never changed."""

    def __init__(self, config: Config, database: Database | None = None) -> None:
        """Open the database; the registry is built at first use."""
        self.config = config
        self.database = database or Database(config.url)
        self._served: Served | None = None
        self._checked = 0.0
        self._failed: tuple[int, float] | None = None
        self._noted: dict[tuple[str, str, str], float] = {}
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
        """Return the registry in force: inside a request the one the request began with."""
        return self._now().build.registry

    @property
    def statuses(self) -> Mapping[str, PluginStatus]:
        """Return the state of every plugin at the last build."""
        return self.latest().build.statuses

    @property
    def directory(self) -> Directory:
        """Return the directory in force."""
        return self._now().directory

    def latest(self) -> Served:
        """Return the newest build of this process, with the directory that fits it."""
        if self._served is None:
            self.refresh(force=True)
        assert self._served is not None  # noqa: S101 - refresh sets it or raises
        return self._served

    def _now(self) -> Served:
        latest, pinned = self.latest(), _pinned.get()
        return latest if pinned is None or pinned.build is latest.build else pinned

    @contextmanager
    def pinned(self, served: Served) -> Iterator[None]:
        """Run the block on one registry to its end, whatever is built meanwhile."""
        token = _pinned.set(served)
        try:
            yield
        finally:
            _pinned.reset(token)

    def refresh(self, *, force: bool = False, known: Mapping[str, int] | None = None) -> None:
        """Build anew what has changed in the database since; at most once a second unless forced.

        ``known`` are counters a request read on its way, so that no statement of its own is needed. While another
        thread builds, this one goes on with what there is.
        """
        now = time.monotonic()
        if known is None and not force and now - self._checked < CHECK_EVERY:
            return
        if known is not None and self._fits(known):
            self._checked = now
            return
        if not self._lock.acquire(blocking=force or self._served is None):
            return
        try:
            self._checked = now
            if known is None and self._served is not None:
                with self.database.transaction(write=False) as session:
                    known = stamps(session)
            self._rebuild(known or {})
        finally:
            self._lock.release()

    def _fits(self, known: Mapping[str, int]) -> bool:
        served = self._served
        return (
            served is not None
            and served.build.registry.generation == known.get("registry", 0)
            and served.directory.stamp == known.get("directory", 0)
        )

    def _rebuild(self, known: Mapping[str, int]) -> None:
        served = self._served
        build = served.build if served is not None else None
        if build is None or build.registry.generation != known.get("registry", 0):
            build = self._assembled(known.get("registry", 0))
        stale = served is None or served.directory.stamp != known.get("directory", 0)
        if served is None or stale or build is not served.build:
            with self.database.transaction(write=False) as session:
                directory = load_directory(
                    session, build.registry, self.config.phone_region, unseal=settings.unsealer(self.config)
                )
            self._serve(Served(build, directory))

    def _serve(self, new: Served) -> None:
        """Go on with a build; receivers hear of other modules when those are in force (``plugins_changed``)."""
        old, self._served = self._served, new
        if old is None or (event := events.changed_plugins(_versions(old), _versions(new))) is None:
            return
        with self.pinned(new):
            events.deliver([event], self, _silent(new))

    def _assembled(self, generation: int) -> lifecycle.Build:
        """Return a new build; when it fails, the one that serves, for some time."""
        served, now = self._served, time.monotonic()
        if served is not None and self._failed and self._failed[0] == generation and now < self._failed[1]:
            return served.build
        try:
            build = lifecycle.assemble(self.database, self.config, sinks=Sinks(self.incident, self._quarantine))
        except Exception as error:
            if served is None or isinstance(error, Unavailable | DBAPIError):
                raise
            self.build_failed(generation, error)
            return served.build
        self._failed = None
        return build

    def build_failed(self, generation: int, error: Exception) -> None:
        """Note that a generation can't be served; the one before goes on, and it is tried again in a while."""
        self._failed = (generation, time.monotonic() + RETRY_BUILD)
        self.incident(getattr(error, "plugin", None) or "core", "build", error)

    def incident(self, plugin: str, where: str, error: Exception) -> None:
        """Write a failure down, so that an administrator sees whose it was; the same one once a minute."""
        key, now = (plugin, where, type(error).__name__), time.monotonic()
        if now - self._noted.get(key, -INCIDENT_EVERY) < INCIDENT_EVERY:
            return
        self._noted[key] = now
        log.error("module %s failed in %s", plugin, where, exc_info=error)
        text = (
            f"{error.text()} {error.hint or ''}" if isinstance(error, CrmError) else f"{type(error).__name__}: {error}"
        )
        place = self._place(plugin, error.__cause__ or error)
        detail = "".join(traceback.format_exception(error))
        made = Incident(
            plugin=plugin, where=where[:120], message=f"{place}: {text}"[:500] if place else text[:500], detail=detail
        )
        self._write_later(lambda session: session.add(made))

    def _place(self, plugin: str, error: BaseException) -> str:
        served = self._served
        manifest = served.build.statuses[plugin].manifest if served and plugin in served.build.statuses else None
        return place_of(error, manifest.folder, manifest.file) if manifest is not None else ""

    def _quarantine(self, plugin: str, where: str, error: Exception) -> None:
        """Keep a plugin's optional hooks from being called in every process until an administrator releases it."""
        found = {"where": where, "since": utcnow().isoformat(), "error": f"{type(error).__name__}: {error}"[:500]}

        def write(session: CrmSession) -> None:
            row = session.get(PluginRow, plugin)
            if row is not None:
                row.quarantine = found
                touch(session, "registry")

        self._write_later(write)

    def _write_later(self, write: Callable[[CrmSession], None]) -> None:
        """Write in a thread and transaction of its own: the failure may have come in the middle of another."""

        def run() -> None:
            try:
                with self.database.transaction() as session:
                    write(session)
            except Exception:
                log.exception("an incident could not be written")

        threading.Thread(target=run, daemon=True).start()

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
            with suppress(Unavailable):  # what was committed stays, and the next request reads it
                self.refresh(force=True)
        queue, ctx.queue[:] = list(ctx.queue), []
        found = [e for e in queue if isinstance(e, events.Event)]
        if found:
            events.deliver(found, self, _silent(self.latest()))
        for callback in self.after_commit:
            callback(ctx)

    def close(self) -> None:
        """Close the database."""
        self.database.dispose()
