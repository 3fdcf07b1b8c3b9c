"""Roles as administrators keep them: what each may do with which records, and which fields it reads and edits."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm_core import customfields, directory, history
from crm_core.access.masks import roles_of
from crm_core.access.scope import ACTIONS, asked
from crm_core.accounts import roles
from crm_core.accounts.profile import one_line
from crm_core.accounts.rights import require_admin
from crm_core.context import Ctx
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.directory import GrantEntry, RoleEntry
from crm_core.errors import Conflict, FilterError, Forbidden, Invalid, NotFound, Problem
from crm_core.filters import parse, to_json, to_text
from crm_core.i18n import N_, gettext
from crm_core.models import CustomField, FieldAccess, Grant, Role, User, UserRole
from crm_core.text import fold

ENTITY = "core.role"
EVERY = "*"
"""Stands for every kind of record that a role says nothing else about."""
LEVELS: Mapping[str, str] = {
    "none": N_("No"),
    "own": N_("Own records"),
    "team": N_("Records of one's teams"),
    "all": N_("All records"),
}
NAME_LENGTH = 120


@dataclass(frozen=True)
class GrantText:
    """What a role may do with one action: the level, and the text of the filter that narrows it."""

    level: str
    where: str = ""
    problem: str = ""
    """Why the filter can't be asked today, so that it grants nothing: a module is off, say."""


@dataclass(frozen=True)
class RoleRow:
    """A role and who has it: ids and names, by name."""

    role: Role
    people: tuple[tuple[int, str], ...]


def listed(ctx: Ctx) -> list[RoleRow]:
    """Return all roles with the people who have them; for administrators.

    Raises:
        Forbidden: the actor does not administer.
    """
    require_admin(ctx)
    query = sa.select(UserRole.role_id, User.id, User.name).join(User, User.id == UserRole.user_id).where(User.active)
    people: dict[int, list[tuple[int, str]]] = {}
    for role_id, user_id, name in ctx.session.execute(query, execution_options=KERNEL):
        people.setdefault(role_id, []).append((user_id, name))
    return [
        RoleRow(role, tuple(sorted(people.get(role.id, ()), key=lambda p: fold(p[1]))))
        for role in roles.all_roles(ctx.session)
    ]


def get(ctx: Ctx, role_id: int) -> RoleRow:
    """Return one role; for administrators.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
    """
    for row in listed(ctx):
        if row.role.id == role_id:
            return row
    raise NotFound(N_("There is no such role"))


def _entry(ctx: Ctx, role_id: int) -> RoleEntry:
    found = ctx.directory.roles_by_id.get(role_id)
    if found is None:
        raise NotFound(N_("There is no such role"))
    return found


# ---------------------------------------------------------------- roles


def create(ctx: Ctx, name: str, *, copy_of: int | None = None) -> Role:
    """Make a role that may nothing yet, or all that another one may.

    Raises:
        Forbidden: the actor does not administer, or copies the owner's role without having it.
        Invalid: the name is empty, too long or taken.
        NotFound: there is no role to copy.
    """
    require_admin(ctx)
    name = _checked_name(ctx, name, None)
    source = get(ctx, copy_of).role if copy_of is not None else None
    if source is not None:
        _protect(ctx, source)
    role = Role(code=_code(ctx, name), name=name, moderator=source is not None and source.moderator, fixed=False)
    ctx.session.add(role)
    ctx.session.flush()
    if source is not None:
        _copy(ctx, source, role)
    directory.touch(ctx.session)
    diff = {"name": [None, name]} | ({"copy_of": [None, source.code]} if source is not None else {})
    history.note(ctx, ENTITY, role.id, name, "create", diff)
    return role


def _copy(ctx: Ctx, source: Role, role: Role) -> None:
    own = sa.select(Grant).where(Grant.role_id == source.id)
    for found in ctx.session.scalars(own, execution_options=KERNEL).all():
        values = {"entity": found.entity, "action": found.action, "level": found.level, "where": found.where}
        ctx.session.add(Grant(role_id=role.id, **values))
    known = {g.entity for g in _entry(ctx, source.id).grants}
    for entity in ctx.registry.entities:
        # What plugins suggest is suggested to the source alone: the copy gets it as its own.
        for given in ctx.directory.suggested_for(source.code, entity) if entity not in known else ():
            where = to_json(given.where) if given.where is not None else None
            ctx.session.add(Grant(role_id=role.id, entity=entity, action=given.action, level=given.level, where=where))
        for field in ctx.registry.fields(entity).values():
            _admit(ctx, field, source.code, role.code)
    ctx.session.flush()


def _admit(ctx: Ctx, field: FieldDef, code: str, other: str) -> None:
    """Let another role do with a masked field what a role may."""
    read, edit = ({*part, other} if code in part else set(part) for part in roles_of(ctx, field))
    _store(ctx, field, read, edit)


def _code(ctx: Ctx, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_")[:40] or "role"
    known = {role.code for role in roles.all_roles(ctx.session)}
    return next(code for n in range(len(known) + 1) if (code := base if not n else f"{base}_{n + 1}") not in known)


def rename(ctx: Ctx, role_id: int, name: str) -> Role:
    """Give a role another name; its code stays.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
        Invalid: the name is empty, too long or taken.
    """
    role = get(ctx, role_id).role
    _protect(ctx, role)
    before, role.name = role.name, _checked_name(ctx, name, role)
    if before != role.name:
        ctx.session.flush()
        directory.touch(ctx.session)
        history.note(ctx, ENTITY, role.id, role.name, "update", {"name": [before, role.name]})
    return role


def _checked_name(ctx: Ctx, raw: str, role: Role | None) -> str:
    name, problem = one_line(raw), None
    taken = (r for r in roles.all_roles(ctx.session) if r is not role)
    if not name:
        problem = Problem("name", "required", N_("Please give a name"))
    elif len(name) > NAME_LENGTH:
        problem = Problem("name", "too_long", N_("At most %(n)s characters, please"), {"n": NAME_LENGTH})
    elif any(fold(name) in (fold(r.name), fold(gettext(r.name))) for r in taken):
        problem = Problem("name", "unique", N_("There is already a role with this name"))
    if problem is not None:
        raise Invalid([problem])
    return name


def remove(ctx: Ctx, role_id: int) -> None:
    """Remove a role that nobody has.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is none.
        Conflict: it is one every deployment has, or somebody has it, deactivated or not.
    """
    role = get(ctx, role_id).role
    if role.fixed:
        raise Conflict(N_("This role belongs to every CRM and can't be removed"))
    held = sa.select(sa.func.count()).select_from(UserRole).where(UserRole.role_id == role_id)
    if count := ctx.session.scalar(held, execution_options=KERNEL):
        raise Conflict(N_("%(count)s people have this role; give them another one first"), params={"count": count})
    for entity in ctx.registry.entities:
        for field in ctx.registry.fields(entity).values():
            read, edit = (
                ({*part} - {role.code}) or _administrators(ctx) if role.code in part else {*part}
                for part in roles_of(ctx, field)
            )
            _store(ctx, field, read, edit)
    ctx.session.delete(role)
    ctx.session.flush()
    directory.touch(ctx.session)
    history.note(ctx, ENTITY, role_id, role.name, "delete")


def _protect(ctx: Ctx, role: Role) -> None:
    if role.code == roles.OWNER and not (ctx.actor.system or roles.OWNER in ctx.actor.roles):
        raise Forbidden(N_("Only an owner may change or copy the role of owners"))


# ---------------------------------------------------------------- grants


def grants(ctx: Ctx, role_id: int, entity: str) -> tuple[bool, dict[str, GrantText]]:
    """Return whether a role has grants of its own for a kind of record, and what it may do with it."""
    require_admin(ctx)
    role = _entry(ctx, role_id)
    held = (
        [g for g in role.grants if g.entity == EVERY] if entity == EVERY else ctx.directory.grants_of_role(role, entity)
    )
    found = {action: _told(ctx, entity, _strongest(held, action)) for action in ACTIONS}
    return any(g.entity == entity for g in role.grants), found


def _told(ctx: Ctx, entity: str, grant: GrantText) -> GrantText:
    """Return a grant with why its filter can't be asked, if so."""
    definition = ctx.registry.entities.get(entity)
    if not grant.where or definition is None:
        return grant
    _, error = asked(ctx, parse(grant.where), definition, definition.model)
    return replace(grant, problem=error.text()) if error is not None else grant


def _strongest(held: list[GrantEntry], action: str) -> GrantText:
    """Return the widest grant of an action, as one line of a form shows it."""
    order = list(LEVELS)
    matching = [g for g in held if g.action in (action, "*")]
    best = max(matching, key=lambda g: (order.index(g.level), g.where is None), default=None)
    return GrantText(best.level, to_text(best.where) if best.where is not None else "") if best else GrantText("none")


def set_grants(ctx: Ctx, role_id: int, entity: str, wanted: Mapping[str, GrantText] | None) -> None:
    """Replace what a role may do with a kind of record; actions that are not named are refused to it.

    Args:
        ctx: the operation.
        role_id: the role.
        entity: its key, or ``*`` for all the role says nothing else about.
        wanted: by action; ``None`` forgets the role's own word, so that ``*`` or the plugin decides again.

    Raises:
        Forbidden: the actor does not administer, or changes the owners' role without being one.
        NotFound: there is no such role or kind of record.
        Invalid: an unknown action or level, or a filter that does not fit.
    """
    role = get(ctx, role_id).role
    _protect(ctx, role)
    definition = None if entity == EVERY else ctx.registry.entity(entity)
    key = EVERY if definition is None else definition.key
    held = grants(ctx, role_id, key)[1]
    rows = [] if wanted is None else _checked_grants(ctx, definition, wanted, {g.where for g in held.values()})
    before = {a: [g.level, g.where] for a, g in held.items()}
    gone = sa.delete(Grant).where(Grant.role_id == role_id, Grant.entity == key)
    ctx.session.execute(gone, execution_options={**KERNEL, "synchronize_session": False})
    ctx.session.add_all(Grant(role_id=role_id, entity=key, **row) for row in rows)
    ctx.session.flush()
    directory.touch(ctx.session)
    after = None if wanted is None else {a: [g.level, g.where] for a, g in wanted.items()}
    history.note(ctx, ENTITY, role_id, role.name, "update", {key: [before, after]})


def _checked_grants(
    ctx: Ctx, definition: EntityDef | None, wanted: Mapping[str, GrantText], kept: Collection[str]
) -> list[dict[str, Any]]:
    """Return the rows of grants; a filter the role has already is kept though its module may be off."""
    problems: list[Problem] = []
    rows = []
    for action in ACTIONS:
        given = wanted.get(action, GrantText("none"))
        row: dict[str, Any] = {"action": action, "level": given.level, "where": None}
        if given.level not in LEVELS:
            problems.append(Problem(f"{action}.level", "choice", N_("%(value)s is not a known choice"),
                                    {"value": given.level[:40]}))  # fmt: skip
        try:
            row["where"] = _condition(ctx, definition, given.where.strip(), kept)
        except FilterError as error:
            problems.append(Problem(f"{action}.where", error.code, error.message, error.params))
        rows.append(row)
    problems += [Problem(a[:60], "unknown", N_("Unknown action")) for a in wanted if a not in ACTIONS]
    if problems:
        raise Invalid(problems)
    return rows


def _condition(ctx: Ctx, definition: EntityDef | None, text: str, kept: Collection[str]) -> dict[str, Any] | None:
    if not text:
        return None
    if definition is None:
        raise FilterError(N_("A filter needs one kind of record; set it there"))
    node = parse(text)
    _, error = asked(ctx, node, definition, definition.model)
    if error is not None and text not in kept:
        raise error
    return to_json(node)


# ---------------------------------------------------------------- fields


def fields(ctx: Ctx, role_id: int, entity: str) -> list[tuple[FieldDef, bool, bool]]:
    """Return the fields of a kind of record with whether the role reads and edits them; for administrators."""
    require_admin(ctx)
    code = _entry(ctx, role_id).code
    found = []
    for field in ctx.registry.fields(ctx.registry.entity(entity).key).values():
        read, edit = (not part or code in part for part in roles_of(ctx, field))
        if not field.hidden:
            found.append((field, read, read and edit and not field.readonly))
    return found


def set_fields(ctx: Ctx, role_id: int, entity: str, read: Collection[str], edit: Collection[str]) -> None:
    """Say which fields of a kind of record a role reads and edits; all others are hidden from it.

    Raises:
        Forbidden: the actor does not administer.
        NotFound: there is no such role or kind of record.
        Conflict: the role administers, which reads and edits everything.
        Invalid: an unknown field, or the one records are named by.
    """
    role, definition = get(ctx, role_id).role, ctx.registry.entity(entity)
    if role.moderator:
        raise Conflict(N_("Administrators read and edit every field"))
    known = {field.key: (field, r, e) for field, r, e in fields(ctx, role_id, definition.key)}
    problems = [Problem(k[:60], "unknown", N_("Unknown field")) for k in {*read, *edit} if k not in known]
    if definition.title in known and definition.title not in read:
        problems.append(Problem(definition.title, "title", N_("Records are named by this field; it can't be hidden")))
    if problems:
        raise Invalid(problems)
    diff = {}
    for key, (field, could_read, could_edit) in known.items():
        may_read, may_edit = key in read, key in edit or field.readonly
        if (may_read, may_edit and not field.readonly) != (could_read, could_edit):
            sets = roles_of(ctx, field)
            changed = [_with(ctx, part, role.code, on) for part, on in zip(sets, (may_read, may_edit), strict=True)]
            _store(ctx, field, *changed)
            diff[f"{definition.key}.{key}"] = [_word(could_read, could_edit), _word(may_read, may_edit)]
    if diff:
        ctx.session.flush()
        history.note(ctx, ENTITY, role_id, role.name, "update", diff)


def _word(read: bool, edit: bool) -> str:
    return "edit" if edit and read else "read" if read else "none"


def _administrators(ctx: Ctx) -> set[str]:
    return {role.code for role in ctx.directory.roles() if role.moderator}


def _with(ctx: Ctx, named: Collection[str], code: str, on: bool) -> set[str]:
    """Return the roles a field is limited to with one let in or kept out; none when all are let in again."""
    every = {role.code for role in ctx.directory.roles()}
    found = {*(named or every), *_administrators(ctx)}
    found = found | {code} if on else found - {code}
    return set() if found >= every else found


def _store(ctx: Ctx, field: FieldDef, read: set[str], edit: set[str]) -> None:
    if (read, edit) == tuple(map(set, roles_of(ctx, field))):
        return
    namespace, _, name = field.key.partition(".")
    if namespace == customfields.NAMESPACE and name:
        own = sa.select(CustomField.id).where(CustomField.entity == field.entity, CustomField.key == name)
        field_id = ctx.session.scalar(own, execution_options=KERNEL)
        if field_id is not None:
            customfields.update(ctx, field_id, read_roles=sorted(read), edit_roles=sorted(edit))
        return
    row = ctx.session.get(FieldAccess, (field.entity, field.key), execution_options=KERNEL)
    row = row or FieldAccess(entity=field.entity, field=field.key)
    row.read_roles, row.edit_roles = sorted(read), sorted(edit)
    ctx.session.add(row)
    directory.touch(ctx.session)
