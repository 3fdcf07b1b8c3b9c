"""What a plugin says about personal data: which records are about a person, and what must be kept all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True, kw_only=True)
class PersonalData(Contribution):
    """Records of an entity are about people: their data can be gathered, and erased.

    ``keep`` are the fields that say nothing about who it was; every other one is emptied, fields of other plugins and
    of administrators too. ``replace(ctx, record)`` returns what stands there instead, by field key: a name, mostly.
    ``identifying`` are the fields, or parts of lines (``emails.address``), whose values are looked for elsewhere, in
    logs and in the texts of other records; a value that another record of the entity has as well is left there.
    """

    entity: str
    keep: tuple[str, ...] = ()
    identifying: tuple[str, ...] = ()
    replace: Callable[[Ctx, Any], Mapping[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class KeepRule(Contribution):
    """Records that must be kept for a while whatever a person asks for, such as invoices.

    ``reason(ctx, record)`` returns in words why this one is kept, or nothing. It is asked about the record that is to
    be erased, and about each one that would go with it. With ``fields`` only these stay as they are, and the record
    can be made anonymous but not deleted; without, nothing of the record is touched.
    """

    entity: str
    label: str
    reason: Callable[[Ctx, Any], str]
    fields: tuple[str, ...] = ()
