"""Requests made from the OpenAPI document, fitting and unfitting: every answer is one the document describes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.copies import Copies
from tests.rest.conftest import Shop, open_shop

EXAMPLES = 5
CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
LISTS = ("shop.genre", "shop.binding", "core.channel")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, shop_copies: Copies) -> Iterator[Shop]:
    """A shop with a few records, that requests with small ids meet."""
    home = tmp_path_factory.mktemp("shop")
    yield from open_shop(home, shop_copies.fresh("sqlite", home))


def stock(shop: Shop) -> None:
    author = shop.make("shop.author", name="Frank")
    for number in range(2):
        shop.make(
            "shop.book", name=f"Dune {number}", author=author, others=[author], tags=["vip"], readers=["me"],
            copies=[{"mark": "x", "price": "3"}], place={"city": "Paris"}, about=f"shop.author:{author}",
        )  # fmt: skip


def aim(case: Any) -> None:
    """Let most requests meet something that is there."""
    dice = Random(zlib.crc32(repr((case.path_parameters, case.query)).encode()))
    for name in list(case.path_parameters or ()):
        if dice.random() < 0.6 and (name == "id" or name.endswith("_id")):
            case.path_parameters[name] = dice.randint(1, 9)
        elif name == "key" and dice.random() < 0.6:
            case.path_parameters[name] = dice.choice(LISTS)


def failures_of(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> list[str]:
    """Send some requests to an operation; return what is wrong with the answers."""
    found: list[str] = []

    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        aim(case)
        response = case.call(headers=headers)
        try:
            case.validate_response(response, checks=CHECKS)
        except Exception as error:  # noqa: BLE001 - all of them are wanted, not the first
            found.append(f"{operation.label} {response.status_code}: {error}")

    run()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_described(stocked: Shop, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {stocked.api().token}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", stocked.app, headers=headers)
    failures: list[str] = []
    found: list[Any] = list(schema.get_all_operations())
    written = True
    for operation in (result.ok() for result in found):
        if operation.label.endswith("/actions/fail"):
            continue
        if written:  # which may have deleted the records and revoked the token
            stock(stocked)
            headers = {"Authorization": f"Bearer {stocked.api().token}"}
        failures += failures_of(operation, mode, headers)
        written = operation.method.upper() != "GET"
    assert failures == []
