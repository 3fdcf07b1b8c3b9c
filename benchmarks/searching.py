"""Search as you type: rare pieces of names, for the administrator and for people who see little."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from benchmarks.bench import Bench, cells, growth
from benchmarks.client import Caller
from benchmarks.measure import by_turns
from benchmarks.stock import CONTACT
from crm_core import records, search
from crm_core.testing.deployments import TestDeployment

PAGE, REST = "/contacts", "/api/v1/contacts"
COMMON = ("mar", "kel", "sen", "tor", "dubois", "ma", "montclair")

SLIPS = ("duobis", "montlcair", "kregal", "mraie")


def run(bench: Bench) -> None:
    """Measure the search box, the list's search and the function behind both."""
    rare = {size: bench.draws[size].rare() for size in bench.sizes}
    people = {"administrator": {s: bench.stocks[s].deployment.admin for s in bench.sizes},
              "sees 1 %": {s: bench.stocks[s].cast.salespeople[0] for s in bench.sizes}}  # fmt: skip
    sizes = [f"{size:,}" for size in bench.sizes]
    table = bench.section(
        "Search as you type",
        "Pieces of surnames that at most eight contacts hold, some that very many hold, and words with two letters "
        "swapped, which nobody holds.",
        "what", *sizes, f"{sizes[-1]} : {sizes[0]}",
    )  # fmt: skip
    ratios = {}
    for name, ids in people.items():
        _check_visibility(bench, ids)
        faces: dict[str, Callable[[int], Callable[[], object]]] = {
            f"search box, rare, {name}": lambda s, ids=ids: _box(bench, s, ids[s], rare[s]),  # type: ignore[misc]
            f"search box, misspelt, {name}": lambda s, ids=ids: _box(bench, s, ids[s], SLIPS),  # type: ignore[misc]
            f"suggest, rare, {name}": lambda s, ids=ids: _suggest(bench, s, ids[s], rare[s]),  # type: ignore[misc]
            f"suggest, common, {name}": lambda s, ids=ids: _suggest(bench, s, ids[s], COMMON),  # type: ignore[misc]
            f"list ?q=, rare, {name}": lambda s, ids=ids: _list(bench, s, ids[s], rare[s]),  # type: ignore[misc]
            f"list ?q=, common, {name}": lambda s, ids=ids: _list(bench, s, ids[s], COMMON),  # type: ignore[misc]
            f"REST ?q=, rare, {name}": lambda s, ids=ids: _list(bench, s, ids[s], rare[s], REST),  # type: ignore[misc]
        }
        for face, make in faces.items():
            samples = by_turns({size: make(size) for size in bench.sizes})
            ordered = [samples[size] for size in bench.sizes]
            table.rows.append([face, *cells(ordered), f"{growth(ordered):.2f}"])
            if "rare" in face:
                ratios[face] = growth(ordered)
    if len(sizes) > 1:
        bench.judge(f"search of a rare piece: {sizes[-1]} within 2x of {sizes[0]}", 2, ratios)


def _check_visibility(bench: Bench, ids: dict[int, int]) -> None:
    """Fail when somebody is shown a contact of another."""
    for size, user in ids.items():
        deployment = bench.stocks[size].deployment
        if user == deployment.admin:
            continue
        with deployment.operation(deployment.actor(user), write=False) as ctx:
            found = [hit.id for term in COMMON for hit in search.suggest(ctx, term) if hit.entity == CONTACT]
            owners = {records.get(ctx, CONTACT, number).owner_id for number in found}
        if not found or owners != {user}:
            raise AssertionError(f"user {user} was shown contacts of {owners}")


def _box(bench: Bench, size: int, user: int, terms: Sequence[str]) -> Callable[[], object]:
    caller, turn = Caller(bench.stocks[size].deployment, user), itertools.cycle(terms)
    return lambda: caller.get(f"/search?q={next(turn)}")


def _suggest(bench: Bench, size: int, user: int, terms: Sequence[str]) -> Callable[[], object]:
    deployment, turn = bench.stocks[size].deployment, itertools.cycle(terms)
    return _reading(deployment, user, lambda ctx: search.suggest(ctx, next(turn)))


def _list(bench: Bench, size: int, user: int, terms: Sequence[str], path: str = PAGE) -> Callable[[], object]:
    caller, turn = Caller(bench.stocks[size].deployment, user), itertools.cycle(terms)
    return lambda: caller.get(f"{path}?q={next(turn)}")


def _reading(deployment: TestDeployment, user: int, work: Callable[..., object]) -> Callable[[], object]:
    actor = deployment.actor(user)

    def call() -> object:
        with deployment.operation(actor, write=False, cache={"access_epoch": 0}) as ctx:
            return work(ctx)

    return call
