"""What plugins cost that have nothing to do with a page: fifteen that listen to every hook beside contacts alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import people, stock
from benchmarks.bench import Bench, cells
from benchmarks.client import Caller
from benchmarks.measure import by_turns
from crm_core import switching
from crm_core.change import Change
from crm_core.testing.deployments import TestDeployment

COUNT, CONTACTS = 15, 500
ROUNDS = 2000
PAGES = ("/contacts", "/contacts/{id}", "/contacts/{id}/edit", "/", "/api/v1/contacts?limit=50", "/search?q=dubois")
PLUGIN = '''# /// crm-plugin
# name = "guest{number}"
# title = "Guest {number}"
# core = ">=0.1"
# requires = ["contacts"]
# ///
"""A guest: it listens to every hook, has a setting and a menu entry, and does nothing to a contact."""
from crm_core.api import Boolean, MenuItem, SettingDef, hookimpl

OWN = "guest{number}.visit"


@hookimpl
def crm_contribute():
    return [
        MenuItem(label="Guest {number}", url="/", weight=200 + {number}),
        SettingDef(key="guest{number}.on", label="On", type=Boolean(), default=True),
    ]


@hookimpl
def crm_before_write(ctx, change):
    if change.entity == OWN:
        change.set("seen", True)


@hookimpl
def crm_validate(ctx, change):
    return () if change.entity != OWN else []


@hookimpl
def crm_after_write(ctx, change):
    pass


@hookimpl
def crm_record_scope(ctx, entity, action):
    return None


@hookimpl
def crm_render_slot(ctx, slot, subject):
    return ()


@hookimpl
def crm_search(ctx, text, entities):
    return ()
'''


def run(bench: Bench) -> None:
    """Compare two deployments with the same contacts, and time the dispatch of a hook."""
    alone, crowded = _deployment(bench, "alone", 0), _deployment(bench, "crowded", COUNT)
    try:
        _pages(bench, alone, crowded)
        _dispatch(bench, crowded)
    finally:
        alone.close()
        crowded.close()


def _deployment(bench: Bench, name: str, count: int) -> TestDeployment:
    folder = stock.home() / f"hosting-{bench.kind}-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "plugins").mkdir(parents=True)
    url = f"sqlite:///{folder / 'crm.sqlite3'}" if bench.make is None else bench.make(f"hosting_{name}")
    found, cast = stock.empty(folder, url)
    rates: list[float] = []
    first = stock.load(found, people.companies(CONTACTS, cast), rates)
    stock.load(found, people.persons(CONTACTS, cast, first), rates, lambda text: None)
    _guests(found, folder / "plugins", count)
    return found


def _guests(found: TestDeployment, folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"guest{number}.py").write_text(PLUGIN.format(number=number), "utf-8")
    for number in range(count):
        switching.enable(found.database, found.config, f"guest{number}")
    found.refresh(force=True)


def _pages(bench: Bench, alone: TestDeployment, crowded: TestDeployment) -> None:
    table = bench.section(
        f"Pages with {COUNT} more plugins",
        "Milliseconds, median (p90). Each plugin implements every hook a page may ask, and adds a menu entry and a "
        "setting; same contacts, by turns.",
        "page", "contacts alone", f"{COUNT} more", "ratio",
    )  # fmt: skip
    ratios = {}
    for page in PAGES:
        calls: dict[str, Callable[[], object]] = {}
        for name, deployment in (("alone", alone), ("crowded", crowded)):
            caller, path = Caller(deployment, deployment.admin), page.format(id=CONTACTS // 2)
            calls[name] = lambda caller=caller, path=path: caller.get(path)  # type: ignore[misc]
        samples = by_turns(calls)
        ratios[page] = samples["crowded"].p50 / samples["alone"].p50
        table.rows.append([page, *cells([samples["alone"], samples["crowded"]]), f"{ratios[page]:.2f}"])
    bench.judge(f"a page with {COUNT} plugins within 1.15x of contacts alone", 1.15, ratios)


def _dispatch(bench: Bench, crowded: TestDeployment) -> None:
    table = bench.section(
        "Dispatch of a hook",
        f"Microseconds a call with {COUNT} implementations that do nothing, clocks included; median of {ROUNDS:,}. "
        "On PostgreSQL a hook whose failures are skipped is asked inside a savepoint.",
        "hook", "all", "one implementation",
    )  # fmt: skip
    found = {}
    with crowded.as_user(crowded.admin) as ctx:
        change = Change(ctx.registry.entity(stock.CONTACT), "update", None, {})
        hooks = ctx.registry.hooks
        for name, given in (
            ("crm_after_write", {"change": change}),
            ("crm_render_slot", {"slot": "nowhere", "subject": None}),
        ):
            asked = [one for one in hooks.implementations[name] if one[0].startswith("guest")]
            lean = type(hooks)({name: asked})
            times = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                lean.ask(name, ctx=ctx, **given)
                times.append(time.perf_counter() - begin)
            found[name] = median(times) * 1e6
            table.rows.append([name, f"{found[name]:.1f}", f"{found[name] / COUNT:.2f}"])
    if bench.kind == "postgresql":
        del found["crm_render_slot"]
    bench.judge(f"a hook with {COUNT} implementations, without a savepoint, under 20 µs", 20, found, unit=" µs")
