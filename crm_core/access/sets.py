"""Access sets: each distinct list of principals is stored once, and every record with that list points to it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.context import EVERYONE, team_principal, user_principal
from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.db.engine import VisibleSets
from crm_core.fieldtypes import Team
from crm_core.models import AccessMember, AccessSet, Share

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAX_LISTED = 200
"""Above so many visible sets the predicate asks set by set instead of listing them."""
MAX_CACHED = 10_000
KEPT = 2.0


def principals_of(
    ctx: Ctx, definition: EntityDef, values: Mapping[str, Any], shares: Mapping[int, bool]
) -> dict[int, bool]:
    """Return who may see a record (True: may write): owner, users and teams in granting fields, shares, everyone.

    ``values`` are the record's by field key. A private record with nobody named is for moderators only.
    """
    found: dict[int, bool] = {}

    def add(principal: int, write: bool) -> None:
        found[principal] = found.get(principal, False) or write

    if owner := values.get("owner"):
        add(user_principal(owner), True)
    for field in ctx.registry.fields(definition.key).values():
        if not field.grants or not (value := values.get(field.key)):
            continue
        to_principal = team_principal if isinstance(field.type, Team) else user_principal
        for target in value if isinstance(value, list | tuple) else [value]:
            add(to_principal(target), field.grants == "write")
    visibility = values.get("visibility") or "read"
    if visibility == "listed":
        for principal, write in shares.items():
            add(principal, write)
    elif visibility in ("read", "write"):
        add(EVERYONE, visibility == "write")
    return found


def shares_of(ctx: Ctx, entity: str, record_id: int | None) -> dict[int, bool]:
    """Return the principals a record is shared with by hand."""
    return shares_of_many(ctx, entity, [record_id]).get(record_id, {}) if record_id is not None else {}


def shares_of_many(ctx: Ctx, entity: str, ids: Collection[int]) -> dict[int, dict[int, bool]]:
    """Return the principals each of these records is shared with by hand; nothing of those that are not."""
    query = sa.select(Share.record_id, Share.principal, Share.write).where(
        Share.entity == entity, Share.record_id.in_(ids)
    )
    found: dict[int, dict[int, bool]] = {}
    for number, principal, write in ctx.session.execute(query, execution_options=KERNEL):
        found.setdefault(number, {})[principal] = write
    return found


def set_for(ctx: Ctx, members: Mapping[int, bool]) -> int:
    """Return the id of the set with exactly these members, made when it is new."""
    return sets_for(ctx, [members])[0]


def sets_for(ctx: Ctx, lists: Sequence[Mapping[int, bool]]) -> list[int]:
    """Return the ids of the sets with exactly these members: one statement for those that are there already."""
    keys = [",".join(f"{p}{'w' if w else 'r'}" for p, w in sorted(members.items())) for members in lists]
    new = {key: members for key, members in zip(keys, lists, strict=True) if ("access_set", key) not in ctx.cache}
    digests = {hashlib.sha256(key.encode()).hexdigest(): key for key in new}
    if new:
        find = sa.select(AccessSet.digest, AccessSet.id).where(AccessSet.digest.in_(digests))
        for digest, found in ctx.session.execute(find, execution_options=KERNEL):
            ctx.cache["access_set", digests.pop(digest)] = found
    for digest, key in digests.items():
        ctx.cache["access_set", key] = _make(ctx, digest, new[key]) or _found(ctx, digest)
    return [int(ctx.cache["access_set", key] or 0) for key in keys]


def _found(ctx: Ctx, digest: str) -> int | None:
    found: int | None = ctx.session.scalar(
        sa.select(AccessSet.id).where(AccessSet.digest == digest), execution_options=KERNEL
    )
    return found


def _make(ctx: Ctx, digest: str, members: Mapping[int, bool]) -> int | None:
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if ctx.database.is_sqlite else postgresql
    made: int | None = ctx.session.scalar(
        dialect.insert(AccessSet).values(digest=digest).on_conflict_do_nothing().returning(AccessSet.id),
        execution_options=KERNEL,
    )
    if made is not None and members:
        rows = [{"set_id": made, "principal": p, "write": w} for p, w in members.items()]
        ctx.session.execute(sa.insert(AccessMember.__table__), rows, execution_options=KERNEL)  # type: ignore[arg-type]
    for key in [k for k in ctx.cache if isinstance(k, tuple) and k[0] == "visible_sets"]:
        del ctx.cache[key]
    ctx.cache.pop("access_epoch", None)
    return made


def visible_sets(ctx: Ctx, *, write: bool) -> tuple[int, ...] | None:
    """Return the sets the actor is in, or ``None`` when they are too many to list.

    Sets never change, so an answer holds while no set was added (the epoch is the highest id). It is kept two
    seconds at most: of two sets made at once, the one with the lower id may be committed last.
    """
    key = ("visible_sets", write)
    if key not in ctx.cache:
        ctx.cache[key] = _listed(ctx, write)
    found: tuple[int, ...] | None = ctx.cache[key]
    return found


def _listed(ctx: Ctx, write: bool) -> tuple[int, ...] | None:
    epoch = ctx.cache.get("access_epoch")
    shared = ctx.database.access_cache
    known = shared.get((ctx.actor.principals, write))
    if known is not None and known.epoch == epoch and time.monotonic() < known.until:
        return known.sets
    rows = ctx.session.scalars(_members(ctx, write).distinct().limit(MAX_LISTED + 1), execution_options=KERNEL).all()
    answer = tuple(sorted(rows)) if len(rows) <= MAX_LISTED else None
    if epoch is not None:
        if len(shared) > MAX_CACHED:
            shared.clear()
        shared[ctx.actor.principals, write] = VisibleSets(epoch, answer, time.monotonic() + KEPT)
    return answer


def _members(ctx: Ctx, write: bool) -> sa.Select[int]:
    """Return the select of the sets the actor is in."""
    found = sa.select(AccessMember.set_id).where(AccessMember.principal.in_(ctx.actor.principals))
    return found.where(AccessMember.write) if write else found


def in_visible_sets(ctx: Ctx, alias: Any, *, write: bool, counting: bool = False) -> Any:
    """Return the predicate: the record's set is one of the actor's.

    A page is read in its order and each row looked at; ``counting`` lets the sets be sought instead.
    """
    from crm_core.db.expressions import Unindexed

    listed = visible_sets(ctx, write=write)
    if counting:
        return alias.access_id.in_(listed if listed is not None else _members(ctx, write))
    if listed is not None:
        column = Unindexed(alias.access_id) if len(listed) > 1 or EVERYONE in ctx.actor.principals else alias.access_id
        return column.in_(listed)
    member = sa.select(sa.literal(1)).where(
        AccessMember.set_id == alias.access_id, AccessMember.principal.in_(ctx.actor.principals)
    )
    if write:
        member = member.where(AccessMember.write)
    return member.correlate(alias).exists()
