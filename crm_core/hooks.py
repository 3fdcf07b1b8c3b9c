"""The dispatcher: asks plugins in order, isolates each, knows who answered and how long it took."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pluggy

from crm_core import hookspecs
from crm_core.db.engine import is_passing
from crm_core.errors import CrmError, PluginError, Problem
from crm_core.filters import NOTHING
from crm_core.isolation import Apart, breakable

if TYPE_CHECKING:
    from crm_core.change import Change
    from crm_core.context import Ctx
    from crm_core.filters import Node

log = logging.getLogger("crm.hooks")

QUARANTINE_FAILURES = 3
QUARANTINE_WINDOW = 60.0
SLOW = 1.0
"""Seconds of one call from which on it is worth an incident."""


@dataclass(frozen=True)
class Fragment:
    """A piece of a page: safe HTML, its weight, and the plugin it comes from (filled in by the kernel)."""

    html: str
    weight: int = 100
    plugin: str = ""
    failed: bool = False


@dataclass(slots=True)
class Timing:
    """Calls, total seconds and longest call of one plugin's implementation of one hook."""

    calls: int = 0
    total: float = 0.0
    longest: float = 0.0
    failures: int = 0


class Answer(NamedTuple):
    """What one plugin answered, or the error it raised."""

    plugin: str
    value: Any = None
    error: Exception | None = None


Sink = Callable[[str, str, Exception], None]
"""Is told the plugin, where it failed, and how."""


class Slow(Exception):
    """An implementation took long; it is noted, nothing else."""


def _log(plugin: str, where: str, error: Exception) -> None:
    log.error("%s failed in %s", plugin, where, exc_info=error)


@dataclass(frozen=True)
class Sinks:
    """Who is told of failures, and of a plugin whose optional hooks are no longer called because of them."""

    incident: Sink = _log
    quarantine: Sink = _log


class _Implementation(NamedTuple):
    """One plugin's function for one hook, with the arguments it takes and where its calls are counted."""

    plugin: str
    function: Callable[..., Any]
    names: tuple[str, ...]
    timing: Timing


@dataclass
class Dispatcher:
    """Implementations by hook, in dependency order. Frozen after the build but for timing and quarantine."""

    implementations: dict[str, list[tuple[str, Callable[..., Any], tuple[str, ...]]]]
    sinks: Sinks = Sinks()
    timings: dict[tuple[str, str], Timing] = field(default_factory=lambda: defaultdict(Timing))
    quarantined: set[str] = field(default_factory=set)
    _bound: dict[str, list[_Implementation]] = field(default_factory=dict)
    _failures: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, hook: str, **kwargs: Any) -> list[Answer]:
        """Return what plugins answer; an error is an answer too, nothing (``None``, an empty list) is none.

        A hook that aborts asks nobody after the first who fails. What a page asks dozens of times must cost next to
        nothing, so nothing is made or looked up for a plugin but its own call and its clock.
        """
        policy = hookspecs.POLICIES[hook]
        avoided = self.quarantined if policy == "skip" else None
        apart = _apart(kwargs) if policy == "skip" else None
        answers: list[Answer] = []
        names: tuple[str, ...] = ()
        args: list[Any] = []
        clock, start = time.perf_counter, time.perf_counter()
        for plugin, function, wanted, timing in self._of(hook):
            if avoided and plugin in avoided:
                continue
            if wanted is not names:
                names, args = wanted, [kwargs[n] for n in wanted]
            try:
                value = function(*args) if apart is None else apart(function, args)
                if value:
                    answers.append(Answer(plugin, list(value) if isinstance(value, Iterator) else value))
            except Exception as exc:
                answers.append(_failed(plugin, timing, exc))
                if policy == "abort":
                    break
            end = clock()
            spent, start = end - start, end
            timing.calls += 1
            timing.total += spent
            if spent > timing.longest:
                self._note_longest(plugin, hook, timing, spent)
        if apart is not None:
            apart.close()
        return answers

    def _of(self, hook: str) -> list[_Implementation]:
        found = self._bound.get(hook)
        if found is None:
            known, alike = self.implementations.get(hook, ()), dict[tuple[str, ...], tuple[str, ...]]()
            found = self._bound[hook] = [
                _Implementation(p, f, alike.setdefault(n, n), self.timings[p, hook]) for p, f, n in known
            ]
        return found

    def _note_longest(self, plugin: str, hook: str, timing: Timing, spent: float) -> None:
        timing.longest = spent
        if spent > SLOW:
            self.sinks.incident(plugin, hook, Slow(f"took {spent:.1f} seconds"))

    def incident(self, plugin: str, where: str, error: Exception) -> None:
        """Tell of a failure outside the hooks, such as a panel's."""
        self.sinks.incident(plugin, where, error)

    def collect(self, hook: str, **kwargs: Any) -> list[Answer]:
        """Return the answers of a hook whose failures are skipped, with failures recorded."""
        found = []
        for answer in self.ask(hook, **kwargs):
            if answer.error is not None:
                self._skip(answer.plugin, hook, answer.error)
            found.append(answer)
        return found

    def _skip(self, plugin: str, hook: str, error: Exception) -> None:
        with self._lock:
            recent = self._failures[plugin]
            recent.append(time.monotonic())
            while recent and recent[0] < time.monotonic() - QUARANTINE_WINDOW:
                recent.popleft()
            caught = len(recent) >= QUARANTINE_FAILURES and plugin not in self.quarantined
            if caught:
                self.quarantined.add(plugin)
        self.sinks.incident(plugin, hook, error)
        if caught:
            self.sinks.quarantine(plugin, hook, error)

    def _abort(self, hook: str, **kwargs: Any) -> Iterator[Answer]:
        for answer in self.ask(hook, **kwargs):
            if isinstance(answer.error, CrmError):
                answer.error.plugin = answer.error.plugin or answer.plugin
                raise answer.error
            if answer.error is not None:
                self.sinks.incident(answer.plugin, hook, answer.error)
                raise PluginError(plugin=answer.plugin, hint=repr(answer.error)) from answer.error
            yield answer

    def before_write(self, ctx: Ctx, change: Change) -> None:
        """Let plugins derive values; an error aborts the write and names the plugin.

        The transaction is begun first: the wait for another writer is no plugin's time.
        """
        ctx.session.connection_of_kernel()
        for _ in self._abort("crm_before_write", ctx=ctx, change=change):
            pass

    def validate(self, ctx: Ctx, change: Change) -> list[Problem]:
        """Return the problems of all plugins, each with its plugin's name."""
        found: list[Problem] = []
        for answer in self._abort("crm_validate", ctx=ctx, change=change):
            found += [
                Problem(p.field, p.code, p.message, p.params, p.plugin or answer.plugin) for p in answer.value or ()
            ]
        return found

    def after_write(self, ctx: Ctx, change: Change) -> None:
        """Let plugins react inside the transaction."""
        for _ in self._abort("crm_after_write", ctx=ctx, change=change):
            pass

    def record_scope(self, ctx: Ctx, entity: str, action: str) -> list[Node]:
        """Return the narrowing filters; a plugin that raises makes everything invisible, not visible."""
        found: list[Node] = []
        for answer in self.ask("crm_record_scope", ctx=ctx, entity=entity, action=action):
            if answer.error is not None:
                self.sinks.incident(answer.plugin, "crm_record_scope", answer.error)
                found.append(NOTHING)
            elif answer.value is not None:
                found.append(answer.value)
        return found

    def render_slot(self, ctx: Ctx, slot: str, subject: Any = None) -> list[Fragment]:
        """Return the fragments of a slot by weight; a failed one is marked, for administrators to see."""
        found: list[Fragment] = []
        for answer in self.collect("crm_render_slot", ctx=ctx, slot=slot, subject=subject):
            if answer.error is not None:
                found.append(Fragment("", plugin=answer.plugin, failed=True))
            items: Iterable[Fragment] = answer.value or ()
            found += [Fragment(f.html, f.weight, answer.plugin) for f in items]
        return sorted(found, key=lambda f: (f.weight, f.plugin))

    def authenticate(self, request: Any) -> Any:
        """Return the first actor a plugin recognises, else ``None``."""
        for answer in self.collect("crm_authenticate", request=request):
            if answer.error is None and answer.value is not None:
                return answer.value
        return None

    def search(self, ctx: Ctx, text: str, entities: tuple[str, ...]) -> list[Any]:
        """Return the extra hits of plugins."""
        answers = self.collect("crm_search", ctx=ctx, text=text, entities=entities)
        return [hit for a in answers if a.error is None for hit in a.value or ()]


def _failed(plugin: str, timing: Timing, error: Exception) -> Answer:
    """Return a failure as an answer, unless the database is away: then nothing works, and it is no plugin's fault."""
    if is_passing(error):
        raise error
    timing.failures += 1
    return Answer(plugin, error=error)


def _apart(kwargs: Mapping[str, Any]) -> Apart | None:
    session = getattr(kwargs.get("ctx"), "session", None)
    return Apart(session) if breakable(session) else None


def implementations_of(
    plugins: Iterable[tuple[str, Any]],
) -> dict[str, list[tuple[str, Callable[..., Any], tuple[str, ...]]]]:
    """Return the implementations by hook, in the order of ``plugins``, after pluggy checked them.

    Raises:
        pluggy.PluginValidationError: an implementation takes an argument its hook doesn't have, or is unknown.
    """
    manager = pluggy.PluginManager("crm")
    manager.add_hookspecs(hookspecs)
    found: dict[str, list[tuple[str, Callable[..., Any], tuple[str, ...]]]] = defaultdict(list)
    for name, module in plugins:
        manager.register(module, name)
        for caller in manager.get_hookcallers(module) or ():
            impl = next(i for i in caller.get_hookimpls() if i.plugin_name == name)
            if impl.tryfirst or impl.trylast or impl.hookwrapper or impl.wrapper:
                raise pluggy.PluginValidationError(module, f"{caller.name}: no tryfirst, trylast or wrapper")
            found[caller.name].append((name, impl.function, tuple(impl.argnames)))
    manager.check_pending()
    return dict(found)
