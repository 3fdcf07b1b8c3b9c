"""What it costs not to see everything: lists of people who see one in a hundred, half, all, and tens of thousands of
access sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.bench import Bench, cells
from benchmarks.chance import url
from benchmarks.client import Caller
from benchmarks.lists import COLUMNS, PAGE, REST
from benchmarks.measure import by_turns
from benchmarks.stock import SALESPEOPLE, Stock

MANY = 30_000
"""Access sets of the second half."""
_FIRST_SET = 1_000_000
_KEEP = "access_before"

PAGES: Mapping[str, Mapping[str, str]] = {
    "by name": {"sort": "name"},
    "by cf.score": {"sort": "-cf.score"},
    "filter cf.score, by name": {"sort": "name", "filter": "cf.score < 50000"},
}


def run(bench: Bench) -> None:
    """Measure the largest data set with its two hundred sets, then with thirty thousand."""
    stock = bench.stocks[bench.sizes[-1]]
    _measure(bench, stock, f"{SALESPEOPLE * 2} access sets", judged=True)


def run_many(bench: Bench) -> None:
    """Give the contacts of the largest data set thirty thousand access sets, measure, and give the old ones back."""
    stock = bench.stocks[bench.sizes[-1]]
    with stock.deployment.database.autocommit() as connection:
        for statement in _spread(stock):
            connection.exec_driver_sql(statement)
    try:
        _measure(bench, stock, f"{MANY:,} access sets", judged=False)
    finally:
        with stock.deployment.database.autocommit() as connection:
            for statement in _gather():
                connection.exec_driver_sql(statement)


def _measure(bench: Bench, stock: Stock, sets: str, *, judged: bool) -> None:
    deployment, cast = stock.deployment, stock.cast
    people = {
        "administrator": deployment.admin, "sees 1 %": cast.salespeople[0], "sees half": cast.half,
        "sees all": cast.everything,
    }  # fmt: skip
    callers = {name: Caller(deployment, user) for name, user in people.items()}
    table = bench.section(
        f"Record-level permission, {stock.size:,} contacts, {sets}", "Milliseconds, median (p90), total included.",
        "page", *people, "1 % : administrator",
    )  # fmt: skip
    ratios = {}
    for face in ("REST", "HTML"):
        for name, params in PAGES.items():
            more = {"limit": "50", "fields": COLUMNS} if face == "REST" else {}
            address = url(REST if face == "REST" else PAGE, dict(params), more)
            samples = by_turns({who: _getter(caller, address) for who, caller in callers.items()})
            ratio = samples["sees 1 %"].p50 / samples["administrator"].p50
            ratios[f"{face} {name}"] = ratio
            table.rows.append([f"{face} {name}", *cells(list(samples.values())), f"{ratio:.2f}"])
    target = "list of one who sees 1 % within 2x of the administrator's"
    bench.judge(target if judged else f"{target}, {sets}", 2, ratios)


def _getter(caller: Caller, address: str) -> Callable[[], object]:
    return lambda: caller.get(address)


def _spread(stock: Stock) -> list[str]:
    """Return what makes ``MANY`` sets: one in a hundred has the 1 % user, half the half user, all the third."""
    cast = stock.cast
    sets = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})"
    principal = {"one": cast.salespeople[0] * 4 + 1, "half": cast.half * 4 + 1, "all": cast.everything * 4 + 1}
    yes = "true" if not stock.deployment.database.is_sqlite else "1"
    members = " UNION ALL ".join([
        f"SELECT {_FIRST_SET} + i, {principal['one']}, {yes} FROM n WHERE i % 100 = 0",
        f"SELECT {_FIRST_SET} + i, {principal['half']}, {yes} FROM n WHERE i % 2 = 0",
        f"SELECT {_FIRST_SET} + i, {principal['all']}, {yes} FROM n",
        f"SELECT {_FIRST_SET} + i, 400001 + 4 * (i % 5000), {yes} FROM n",
    ])  # fmt: skip
    return [
        f"CREATE TABLE {_KEEP} AS SELECT id, access_id FROM contacts_contact",
        f"INSERT INTO core_access_set (id, digest) {sets} SELECT {_FIRST_SET} + i, 'bench ' || i FROM n",
        f"INSERT INTO core_access_member (set_id, principal, write) {sets} {members}",
        f"UPDATE contacts_contact SET access_id = {_FIRST_SET} + (id * 7919) % {MANY}",
        "ANALYZE",
    ]


def _gather() -> list[str]:
    """Return what takes the sets of :func:`_spread` away."""
    return [
        f"UPDATE contacts_contact SET access_id = (SELECT k.access_id FROM {_KEEP} k WHERE k.id = contacts_contact.id)",
        f"DELETE FROM core_access_member WHERE set_id >= {_FIRST_SET}",
        f"DELETE FROM core_access_set WHERE id >= {_FIRST_SET}",
        f"DROP TABLE {_KEEP}",
        "ANALYZE",
    ]
