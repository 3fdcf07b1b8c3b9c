"""List pages of fifty: how they grow with the table, what they cost beside hand-written SQL, their statements."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import bare
from benchmarks.bench import Bench, cells, growth
from benchmarks.chance import Draw, url
from benchmarks.measure import by_turns

REST, PAGE = "/api/v1/contacts", "/contacts"
COLUMNS = "name,job_title,company,email,phone,city,nature,prospect_status,account_owner,cf.score,cf.tier"

Query = Callable[[Draw], dict[str, str]]


def _low(draw: Draw) -> str:
    return f"{draw.chance.randrange(10, 50)}000"


def _both(draw: Draw, sort: str) -> dict[str, str]:
    return {"sort": sort, "filter": f'name startswith "{draw.initial()}" and cf.score > {_low(draw)}'}


QUERIES: dict[str, Query] = {
    "first page by name": lambda draw: {"sort": "name"},
    "a page by name": lambda draw: draw.page("name"),
    "first page by cf.score": lambda draw: {"sort": "-cf.score"},
    "a page by cf.score": lambda draw: draw.page("-cf.score"),
    "filter by name": lambda draw: {"sort": "name", "filter": f'name startswith "{draw.initial()}"'},
    "filter by cf.score": lambda draw: {"sort": "-cf.score", "filter": f"cf.score > {_low(draw)}"},
    "filter by both, sort by name": lambda draw: _both(draw, "name"),
    "filter by both, sort by cf.score": lambda draw: _both(draw, "-cf.score"),
    "filter cf.tier = one in 1,000": lambda draw: {"sort": "name", "filter": f'cf.tier = "{draw.tier()}"'},
}


def run(bench: Bench) -> None:
    """Measure list pages on every data set."""
    _growth(bench, "REST", lambda parts: url(REST, parts, limit="50", fields=COLUMNS))
    _growth(bench, "HTML", lambda parts: url(PAGE, parts))
    _bare(bench)
    _statements(bench)


def _growth(bench: Bench, face: str, address: Callable[[dict[str, str]], str]) -> None:
    sizes = [f"{size:,}" for size in bench.sizes]
    table = bench.section(
        f"List of 50, {face}", "Milliseconds, median (p90), administrator, total included.",
        "page", *sizes, f"{sizes[-1]} : {sizes[0]}",
    )  # fmt: skip
    ratios = {}
    for name, query in QUERIES.items():
        calls = {size: _caller(bench, size, query, address) for size in bench.sizes}
        samples = by_turns(calls)
        ordered = [samples[size] for size in bench.sizes]
        table.rows.append([name, *cells(ordered), f"{growth(ordered):.2f}"])
        if "one in" not in name:
            ratios[name] = growth(ordered)
    if len(bench.sizes) > 1:
        bench.judge(f"list page, {face}: {sizes[-1]} within 1.5x of {sizes[0]}", 1.5, ratios)


def _caller(
    bench: Bench, size: int, query: Query, address: Callable[[dict[str, str]], str]
) -> Callable[[], object]:  # fmt: skip
    admin, draw = bench.admins[size], bench.draws[size]
    return lambda: admin.get(address(query(draw)))


def _bare(bench: Bench) -> None:
    """Compare with hand-written SQL, json of the standard library and a Flask view without anything else."""
    table = bench.section(
        "REST beside hand-written SQL",
        "The same rows and columns; by hand is a Flask view with literal SQL and `json.dumps` that checks nothing.",
        "columns", "contacts", "REST", "by hand", "ratio",
    )  # fmt: skip
    ratios = {}
    for size in bench.sizes:
        admin, draw = bench.admins[size], bench.draws[size]
        for name, fields in (("those of the list", COLUMNS), ("all, with lines and links", "")):
            app = bare.application(bench.stocks[size].deployment.database, full=not fields)

            def ours(fields: str = fields, admin=admin, draw=draw) -> object:
                more = {"fields": fields} if fields else {}
                return admin.get(url(REST, draw.page("name"), more, limit="50", count="0"))

            def theirs(app=app, draw=draw) -> object:
                row = draw.row()
                return bare.fetch(app, row["name_key"], row["id"])

            samples = by_turns({"ours": ours, "theirs": theirs})
            ratio = samples["ours"].p50 / samples["theirs"].p50
            ratios[f"{name}, {size:,}"] = ratio
            table.rows.append([name, f"{size:,}", *cells([samples["ours"], samples["theirs"]]), f"{ratio:.2f}"])
    bench.judge("REST page within 3x of hand-written SQL", 3, ratios)


def _statements(bench: Bench) -> None:
    table = bench.section(
        "Statements a page", "Sent to the database, session and total included.", "page", "statements"
    )
    size = bench.sizes[-1]
    stock = bench.stocks[size]
    found = {}
    for name, query in QUERIES.items():
        for face, make in (("REST", lambda p: url(REST, p, limit="50")), ("HTML", lambda p: url(PAGE, p))):
            address = make(query(bench.draws[size]))
            bench.admins[size].get(address)
            with stock.deployment.statements() as log:
                bench.admins[size].get(address)
            found[f"{face}, {name}"] = float(len(log))
    for name, count in sorted(found.items()):
        table.rows.append([name, f"{count:.0f}"])
    bench.judge("statements of a list page <= 4", 4, found, unit="")
