"""Looking inside: what the hooks of each module cost, and who may call which address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flask

from crm_core import records
from crm_core.errors import CrmError
from crm_core.hooks import Dispatcher, Timing
from crm_core.hookspecs import POLICIES
from crm_core.i18n import N_
from crm_core.records import ListQuery
from crm_core.web.request import access_of, admin, current

if TYPE_CHECKING:
    from crm_core.context import Ctx

SLOW_MS = 100.0
"""A call that took longer is marked: nobody should wait for one module that long."""

WHO = {
    "public": N_("everybody"), "user": N_("signed in"), "admin": N_("administrators"), "own": N_("checked by itself"),
}  # fmt: skip
"""Who may call an address, in words; REST checks tokens and rights by itself."""


@dataclass(frozen=True)
class HookLine:
    """One plugin's answer to one hook: its place in the order, and what it cost in this process."""

    hook: str
    place: int
    plugin: str
    calls: int
    mean_ms: float
    longest_ms: float
    failures: int

    @property
    def slow(self) -> bool:
        """Tell whether a call took long."""
        return self.longest_ms > SLOW_MS


@dataclass(frozen=True)
class RouteLine:
    """One address of the application."""

    address: str
    methods: str
    access: str
    plugin: str
    endpoint: str


def hook_lines(dispatcher: Dispatcher) -> list[HookLine]:
    """Return the implementations of all hooks in the order they are asked."""
    return [
        _line(hook, place, plugin, dispatcher.timings.get((plugin, hook), Timing()))
        for hook in POLICIES
        for place, (plugin, _, _) in enumerate(dispatcher.implementations.get(hook, ()), 1)
    ]


def _line(hook: str, place: int, plugin: str, timing: Timing) -> HookLine:
    mean = 1000 * timing.total / timing.calls if timing.calls else 0.0
    longest = round(1000 * timing.longest, 2)
    return HookLine(hook, place, plugin, timing.calls, round(mean, 2), longest, timing.failures)


def measure(ctx: Ctx) -> None:
    """Have the hooks asked as pages do: read, search and check a record of every kind. Nothing is kept."""
    asked = ctx.registry.hooks
    for entity in ctx.registry.entities:
        rows = records.list_(ctx, entity, ListQuery(limit=20)).items
        for row in rows[:1]:
            savepoint = ctx.session.begin_nested()
            with suppress(CrmError):
                records.update(ctx, entity, row.id, {})
            savepoint.rollback()
    asked.search(ctx, "sample", tuple(ctx.registry.entities))


def route_lines(app: flask.Flask) -> Iterator[RouteLine]:
    """Yield the addresses of an application, in alphabetical order."""
    pages = app.extensions["crm_pages"]
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, r.endpoint)):
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        plugin = pages.get(rule.endpoint.partition(".")[0], "core")
        yield RouteLine(rule.rule, methods, access_of(app, rule.endpoint), plugin, rule.endpoint)


def install(app: flask.Flask) -> None:
    """Add the page."""
    app.add_url_rule("/settings/diagnostics", "settings.diagnostics", page)


@admin
def page() -> str:
    """Show what the hooks cost in this process since it last changed its modules; slow ones first."""
    lines = hook_lines(current().registry.hooks)
    asked = sorted((line for line in lines if line.calls), key=lambda line: -line.longest_ms)
    totals: dict[str, float] = {}
    for line in asked:
        totals[line.plugin] = totals.get(line.plugin, 0.0) + line.calls * line.mean_ms
    shown = sorted(totals.items(), key=lambda item: -item[1])
    return flask.render_template("settings/diagnostics.html", lines=asked, silent=len(lines) - len(asked), totals=shown)
