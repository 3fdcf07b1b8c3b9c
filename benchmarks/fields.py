"""Custom fields beside real columns that hold the same values under the same kind of index."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench, cells
from benchmarks.chance import Draw
from benchmarks.measure import by_turns
from benchmarks.stock import CONTACT
from crm_core import records
from crm_core.filters import parse
from crm_core.records import ListQuery, parse_sort

Make = Callable[[Draw, str, str], ListQuery]


def _query(sort: str = "name", text: str = "") -> ListQuery:
    return ListQuery(
        fields=("name", "email", "cf.score", "cf.tier"), sort=parse_sort(sort), filter=parse(text) if text else None
    )


def _range(draw: Draw, score: str) -> str:
    low = draw.chance.randrange(99_000)
    return f"{score} >= {low} and {score} < {low + 800}"


CASES: dict[str, Make] = {
    "sort": lambda draw, score, tier: _query(f"-{score}"),
    "sort, a page further on": lambda draw, score, tier: ListQuery(
        fields=("name", "email", "cf.score", "cf.tier"), sort=parse_sort(f"-{score}"),
        after=draw.page(f"-{score}")["after"],
    ),
    "filter: equal, one in 1,000": lambda draw, score, tier: _query("name", f'{tier} = "{draw.tier()}"'),
    "filter: range of 0.8 %": lambda draw, score, tier: _query("name", _range(draw, score)),
    "filter: range, sorted by it": lambda draw, score, tier: _query(score, _range(draw, score)),
    "filter: two fields": lambda draw, score, tier: _query("name", f'{tier} = "{draw.tier()}" and {score} > 50000'),
}  # fmt: skip


def run(bench: Bench) -> None:
    """Measure the records door, which pages and REST use."""
    table = bench.section(
        "Custom field beside a real column",
        "`cf.score` and `cf.tier` beside the columns `score` and `external_id` with the same values, both indexed; "
        "`records.list_` of 50 as administrator, total included.",
        "what", "contacts", "custom field", "column", "ratio",
    )  # fmt: skip
    ratios = {}
    for size in bench.sizes:
        for name, make in CASES.items():
            calls = {
                "custom": _lister(bench, size, make, "cf.score", "cf.tier"),
                "column": _lister(bench, size, make, "score", "external_id"),
            }
            samples = by_turns(calls)
            ratio = samples["custom"].p50 / samples["column"].p50
            ratios[f"{name}, {size:,}"] = ratio
            table.rows.append([name, f"{size:,}", *cells([samples["custom"], samples["column"]]), f"{ratio:.2f}"])
    bench.judge("custom field within 1.3x of a column", 1.3, ratios)


def _lister(bench: Bench, size: int, make: Make, score: str, tier: str) -> Callable[[], object]:
    deployment, draw = bench.stocks[size].deployment, bench.draws[size]
    actor = deployment.actor(deployment.admin)

    def call() -> object:
        query = make(draw, score, tier)
        with deployment.operation(actor, write=False) as ctx:
            return records.list_(ctx, CONTACT, query)

    return call
