"""Sharing one record by hand with users and teams (visibility ``listed``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core import history, notices
from crm_core.access import editable, set_for
from crm_core.access.sets import principals_of, shares_of
from crm_core.context import principal_of, team_principal, user_principal
from crm_core.contributions import EntityDef
from crm_core.entities import Record
from crm_core.errors import Forbidden, Invalid, Problem, ValueProblem
from crm_core.fieldtypes import Team, User
from crm_core.i18n import N_
from crm_core.records import many
from crm_core.records.reading import find, title_of, values_of
from crm_core.records.writing import check_version

if TYPE_CHECKING:
    from crm_core.context import Ctx


def shares(ctx: Ctx, entity: str, record_id: int) -> list[tuple[str, int, bool]]:
    """Return ``("user"|"team", id, may write)`` of a visible record's shares."""
    definition = ctx.registry.entity(entity)
    find(ctx, definition, record_id)
    return _people(ctx, definition, record_id)


def held(ctx: Ctx, entity: str, record_id: int) -> tuple[Any, list[tuple[str, int, bool]]]:
    """Return a record and whom it is shared with, for those who may change that.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not change it, or not its visibility.
    """
    definition = ctx.registry.entity(entity)
    return shareable(ctx, definition, record_id), _people(ctx, definition, record_id)


def _people(ctx: Ctx, definition: EntityDef, record_id: int) -> list[tuple[str, int, bool]]:
    return [(*principal_of(p), write) for p, write in sorted(shares_of(ctx, definition.key, record_id).items())]


def shareable(ctx: Ctx, definition: EntityDef, record_id: int, *, lock: bool = False) -> Any:
    """Return a record whose sharing the actor may see and change: it is part of who sees the record at all.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not change it, or not its visibility.
    """
    record = find(ctx, definition, record_id, "update", lock=lock)
    if "visibility" not in editable(ctx, definition.key):
        raise Forbidden(N_("You may not change who sees this record"))
    return record


def people_given(ctx: Ctx, given: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, bool]]:
    """Return people given as ``{"user": …}`` or ``{"team": …}``, each with ``write``; the last entry of one counts.

    A user is named by id, address or ``me``, a team by id or name.

    Raises:
        Invalid: an entry names nobody, or both; each is told at ``shared_with[n]``.
    """
    found: dict[tuple[str, int], bool] = {}
    problems = []
    for number, entry in enumerate(given):
        kinds = [kind for kind in ("user", "team") if entry.get(kind) is not None]
        if len(kinds) != 1:
            problems.append(Problem(f"shared_with[{number}]", "required", N_("Name a user or a team")))
            continue
        kind = kinds[0]
        try:
            found[kind, (User() if kind == "user" else Team()).convert(entry[kind], ctx)] = bool(entry.get("write"))
        except ValueProblem as problem:
            problems.append(problem.at(f"shared_with[{number}].{kind}"))
    if problems:
        raise Invalid(problems)
    return [(kind, number, write) for (kind, number), write in found.items()]


def _check_known(ctx: Ctx, people: Iterable[tuple[str, int, bool]]) -> None:
    texts = {"user": N_("There is no such user"), "team": N_("There is no such team")}
    known: dict[str, Any] = {"user": ctx.directory.user, "team": ctx.directory.team}
    gone = {kind for kind, number, _ in people if known[kind](number) is None}
    if gone:
        raise Invalid([Problem("shared_with", "unknown", texts[kind]) for kind in sorted(gone)])


def share(
    ctx: Ctx,
    entity: str,
    record_id: int,
    people: Iterable[tuple[str, int, bool]],
    visibility: str = "listed",
    version: int | None = None,
) -> Record:
    """Replace whom a record is shared with.

    Raises:
        NotFound: not there for the actor.
        Forbidden: the actor may not change it, or not its visibility.
        Invalid: a user or team is not there.
        Stale: ``version`` is not the stored one; someone else saved first.
    """
    definition = ctx.registry.entity(entity)
    record = shareable(ctx, definition, record_id, lock=True)
    check_version(record, version)
    people = list(people)
    _check_known(ctx, people)
    new = {(user_principal if kind == "user" else team_principal)(i): write for kind, i, write in people}
    there = shares_of(ctx, definition.key, record_id) if record.visibility == "listed" else {}
    kept = many.replace_shares(ctx, definition, {record_id: new})[record_id]
    before, record.visibility = record.visibility, visibility
    values = values_of(ctx, definition, record)
    record.access_id = set_for(ctx, principals_of(ctx, definition, values, new))
    record.version += 1
    record.updated_at, record.updated_by_id = ctx.now, ctx.actor.id
    ctx.session.flush()
    diff = {"visibility": [before, visibility]} if before != visibility else None
    history.note(ctx, definition.key, record_id, title_of(definition, record), "update", diff, kept=kept)
    notices.tell_of_sharing(
        ctx, definition.key, record_id, title_of(definition, record), [principal_of(p) for p in new.keys() - there]
    )
    return record  # type: ignore[no-any-return]
