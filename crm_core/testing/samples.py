"""Values that a record of any entity can be made with: what its fields require, found out from their types."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_core.contributions import FieldDef
from crm_core.errors import Invalid

if TYPE_CHECKING:
    from crm_core.testing.deployments import TestDeployment

Samples = Mapping[str, Mapping[str, Any]]
TRIES = 4
"""How often values are mended by what the rules say."""

_numbers = itertools.count(1)


def make_sample(crm: TestDeployment, entity: str, samples: Samples) -> int:
    """Create a record as the administrator and return its id.

    Args:
        crm: the deployment.
        entity: key of the entity.
        samples: values by entity that come before those found out from the types.

    Raises:
        AssertionError: a rule wants more than the types tell; the message says where to give it.
    """
    values = sample_values(crm, entity, samples)
    for _ in range(TRIES):
        try:
            return crm.make(entity, **values)
        except Invalid as exc:
            problem = exc
        mended = _mended(crm, entity, values, problem, samples)
        if mended == values:
            break
        values = mended
    wrong = "; ".join(f"{p.field}: {p.text()}" for p in problem.problems())
    hint = f'give values: a fixture samples that returns {{"{entity}": {{…}}}}'
    raise AssertionError(f"{entity} with {values}: {wrong}. In tests/conftest.py {hint}")


def _mended(
    crm: TestDeployment, entity: str, values: Mapping[str, Any], refused: Invalid, samples: Samples
) -> dict[str, Any]:
    """Return values with those a rule asks for, without those it works out itself."""
    fields, found = crm.registry.fields(entity), dict(values)
    for problem in refused.problems():
        key = problem.field or ""
        if problem.code == "required" and key in fields and key not in found:
            found[key] = sample(crm, fields[key], samples)
        elif problem.code == "readonly":
            found.pop(key, None)
    return found


def sample_values(crm: TestDeployment, entity: str, samples: Samples) -> dict[str, Any]:
    """Return values for the required fields of an entity and for its title."""
    given, title = dict(samples.get(entity, {})), crm.registry.entities[entity].title
    for key, field in crm.registry.fields(entity).items():
        wanted = field.required or (key == title and field.type.name == "text")
        if wanted and not field.readonly and field.default is None and key not in given:
            given[key] = sample(crm, field, samples)
    return given


def sample(crm: TestDeployment, field: FieldDef, samples: Samples) -> Any:
    """Return a value of a field; texts differ each time, links lead to a new record."""
    kind: Any = field.type
    number = next(_numbers)
    if kind.name in ("link", "links"):
        made = make_sample(crm, kind.target, samples)
        return [made] if kind.multiple else made
    if kind.name in ("choice", "multichoice"):
        with crm.as_user(None) as ctx:
            code = kind.entries(ctx)[0][0]
        return [code] if kind.multiple else code
    if kind.name in ("user", "users"):
        return [crm.admin] if kind.multiple else crm.admin
    if kind.name == "lines":
        return [{f.key: sample(crm, f, samples) for f in kind.line.asked if f.required or f.key == kind.line.main}]
    maker = _MAKERS.get(kind.name)
    return maker(number) if maker is not None else f"Sample {number}"


_MAKERS: Mapping[str, Callable[[int], Any]] = {
    "integer": lambda n: n,
    "rating": lambda n: 1,
    "percent": lambda n: 50,
    "decimal": lambda n: Decimal(n),
    "money": lambda n: Decimal(n),
    "duration": lambda n: 60,
    "boolean": lambda n: True,
    "date": lambda n: dt.date(2026, 1, 1) + dt.timedelta(days=n),
    "datetime": lambda n: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=n),
    "email": lambda n: f"sample{n}@example.org",
    "phone": lambda n: f"+3314730{n:04d}",
    "url": lambda n: f"https://example.org/{n}",
    "country": lambda n: "FR",
    "currency": lambda n: "EUR",
    "language": lambda n: "fr",
}
