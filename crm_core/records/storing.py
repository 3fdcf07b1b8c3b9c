"""Checked changes of one entity go into the database: values, access, search text, links and files.

Each function takes many changes and sends a bounded number of statements; a single record is a list of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified

from crm_core import files
from crm_core.access import predicate
from crm_core.access.sets import principals_of, sets_for, shares_of_many
from crm_core.change import Change
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid, Problem
from crm_core.i18n import N_
from crm_core.records import applying
from crm_core.records.inserting import insert_records
from crm_core.records.reading import find_stored

if TYPE_CHECKING:
    from crm_core.context import Ctx

Shares = Mapping[int, Mapping[int, bool]]
"""Whom records are shared with by hand, by record: principal and whether it may write."""


class Refused(CrmError):
    """Some of many changes can't be written; ``errors`` say why, by record. Nothing of the others may be kept."""

    status, code = 409, "refused"

    def __init__(self, errors: Mapping[int, CrmError]) -> None:
        """Keep the errors."""
        super().__init__()
        self.errors = errors


def refuse(changes: Sequence[Change], errors: Mapping[int, CrmError]) -> None:
    """Raise when there are errors: of a single change its own, of several all of them, by record.

    Raises:
        CrmError: there are errors.
    """
    if errors and len(changes) == 1:
        raise next(iter(errors.values()))
    if errors:
        raise Refused(errors)


def store(ctx: Ctx, changes: Sequence[Change], shares: Shares | None = None) -> None:
    """Put values on records, give them their access lists, and write them; ``shares`` are new ones.

    Raises:
        Invalid: a constraint met by two writers at once, or files that can't be attached.
        Conflict: what a change depends on was changed by somebody else.
        Refused: files of some of several changes can't be attached.
    """
    definition = changes[0].definition
    for change in changes:
        applying.apply(ctx, change)
    applying.refresh_search(ctx, definition, changes)
    _give_access(ctx, definition, changes, shares)
    if len(changes) > 1:
        _align([change.record for change in changes if change.verb == "update"])
    try:
        if len(changes) > 1 and changes[0].verb == "create":
            _insert(ctx, changes)
        ctx.session.add_all([change.record for change in changes])
        ctx.session.flush()
    except IntegrityError as exc:
        raise integrity(ctx, definition, exc) from exc
    applying.write_links(ctx, changes)
    wrong = files.follow(ctx, changes)
    refuse(changes, {number: Invalid(problems) for number, problems in wrong.items()})


def _insert(ctx: Ctx, changes: Sequence[Change]) -> None:
    """Write new records whose ids are known by the bulk writer; hooks get them as they stand in the database."""
    insert_records(ctx, changes)
    found = find_stored(ctx, changes[0].definition, [change.record.id for change in changes])
    for change in changes:
        change.record = found[change.record.id]


def _give_access(ctx: Ctx, definition: EntityDef, changes: Sequence[Change], shares: Shares | None) -> None:
    ids = [c.record.id for c in changes if c.record.id is not None]
    known = {**(shares_of_many(ctx, definition.key, ids) if ids else {}), **(shares or {})}
    lists = [principals_of(ctx, definition, {**c.old, **c.values}, known.get(c.record.id, {})) for c in changes]
    for change, access_id in zip(changes, sets_for(ctx, lists), strict=True):
        change.record.access_id = access_id


def _align(records: Sequence[Any]) -> None:
    """Have every record write the columns that any of them writes, so that one statement takes them all."""
    columns: set[str] = set()
    for record in records:
        state = sa.inspect(record)
        columns |= set(state.mapper.column_attrs.keys()) - state.unmodified
    for record in records:
        for name in columns:
            flag_modified(record, name)


def integrity(ctx: Ctx, definition: EntityDef, exc: IntegrityError) -> Invalid | Conflict:
    """Return the problem behind a constraint met by two writers at once."""
    text = str(exc.orig)
    for key, field in ctx.registry.fields(definition.key).items():
        if field.unique and (field.attr in text):
            label = {"label": field.title()}
            return Invalid([Problem(key, "unique", N_("Another record already has this %(label)s"), label)])
    return Conflict(N_("Someone else changed something this depends on; please try again"), hint=text)


def check_after(ctx: Ctx, changes: Sequence[Change], action: str) -> None:
    """Check that records lie where the actor may write, now that they are written.

    Raises:
        Forbidden: the only one does not.
        Refused: some of several do not.
    """
    definition = changes[0].definition
    model, ids = definition.model, [change.record.id for change in changes]
    condition = predicate(ctx, definition, action, model, after=True)
    inside = set(ctx.session.scalars(sa.select(model.id).where(model.id.in_(ids), condition), execution_options=KERNEL))
    message = N_("With these values the record would lie outside what you may change")
    refuse(changes, {number: Forbidden(message) for number in ids if number not in inside})
