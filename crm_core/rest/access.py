"""Routes of roles, their grants and field masks, and of the question why somebody can or can't; for administrators."""

from __future__ import annotations

from typing import Any

from crm_core.access.scope import ACTIONS
from crm_core.accounts import explaining, role_admin
from crm_core.accounts.role_admin import EVERY, LEVELS, NAME_LENGTH, GrantText, RoleRow
from crm_core.i18n import gettext
from crm_core.rest import bodies
from crm_core.rest.routing import ID, PREFIX, Answer, Call, Param, Route, items_of, shape

REST_OF_ALL = "all"
"""Stands in paths for every kind of record a role says nothing else about."""
_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}
_ROLE = shape(
    "id code name administers fixed people",
    id={"type": "integer"}, code=_TEXT, name=_TEXT, administers=_FLAG, fixed=_FLAG,
    people={"type": "array", "items": shape("id name", id={"type": "integer"}, name=_TEXT)},
)  # fmt: skip
_NEW = shape("name", name=_NAME, copy_of=ID)
_CHANGE = shape("name", name=_NAME)
_GRANT = shape(
    "level", level={"type": "string", "enum": list(LEVELS)}, where={"type": "string", "maxLength": 10_000}
)  # fmt: skip
_WANTED = shape(**{action: _GRANT for action in ACTIONS})
_GRANTS = shape(
    "own actions problems",
    own=_FLAG, actions=shape(" ".join(ACTIONS), **{a: _GRANT for a in ACTIONS}),
    problems=shape(**{a: _TEXT for a in ACTIONS}),
)  # fmt: skip
_KEYS: dict[str, Any] = {"type": "array", "items": {"type": "string", "maxLength": 120}, "maxItems": 2000}
_FIELDS = shape("read edit", read=_KEYS, edit=_KEYS)
_WHY = shape("allowed reasons", allowed=_FLAG, reasons={"type": "array", "items": _TEXT})


def list_roles(call: Call) -> Answer:
    """Answer all roles and who has them."""
    return Answer({"items": [_role(row) for row in role_admin.listed(call.ctx)]})


def _role(row: RoleRow) -> dict[str, Any]:
    role, people = row.role, [{"id": user_id, "name": name} for user_id, name in row.people]
    return {"id": role.id, "code": role.code, "name": gettext(role.name), "administers": role.moderator,
            "fixed": role.fixed, "people": people}  # fmt: skip


def new_role(call: Call) -> Answer:
    """Make a role."""
    bodies.check(_NEW, call.body)
    made = role_admin.create(call.ctx, call.body["name"], copy_of=call.body.get("copy_of"))
    answer = Answer(_role(RoleRow(made, ())), 201)
    answer.headers["Location"] = f"{PREFIX}/roles/{made.id}"
    return answer


def get_role(call: Call) -> Answer:
    """Answer one role."""
    return Answer(_role(role_admin.get(call.ctx, call.id)))


def change_role(call: Call) -> Answer:
    """Give a role another name."""
    bodies.check(_CHANGE, call.body)
    role_admin.rename(call.ctx, call.id, call.body["name"])
    return get_role(call)


def remove_role(call: Call) -> Answer:
    """Remove a role nobody has."""
    role_admin.remove(call.ctx, call.id)
    return Answer(status=204)


def _entity(call: Call) -> str:
    name = str(call.path["entity"])
    return EVERY if name == REST_OF_ALL else call.ctx.registry.entity(name).key


def get_grants(call: Call) -> Answer:
    """Answer what a role may do with a kind of record."""
    own, found = role_admin.grants(call.ctx, call.id, _entity(call))
    actions = {a: {"level": g.level, "where": g.where} for a, g in found.items()}
    return Answer({"own": own, "actions": actions, "problems": {a: g.problem for a, g in found.items() if g.problem}})


def set_grants(call: Call) -> Answer:
    """Replace what a role may do with a kind of record."""
    bodies.check(_WANTED, call.body)
    wanted = {action: GrantText(given["level"], given.get("where", "")) for action, given in call.body.items()}
    role_admin.set_grants(call.ctx, call.id, _entity(call), wanted)
    return Answer(status=204)


def reset_grants(call: Call) -> Answer:
    """Forget what a role may do with a kind of record."""
    role_admin.set_grants(call.ctx, call.id, _entity(call), None)
    return Answer(status=204)


def get_fields(call: Call) -> Answer:
    """Answer which fields a role reads and edits."""
    found = role_admin.fields(call.ctx, call.id, str(call.path["entity"]))
    return Answer({"read": [f.key for f, read, _ in found if read], "edit": [f.key for f, _, edit in found if edit]})


def set_fields(call: Call) -> Answer:
    """Say which fields a role reads and edits."""
    bodies.check(_FIELDS, call.body)
    read, edit = call.body["read"], call.body["edit"]
    role_admin.set_fields(call.ctx, call.id, str(call.path["entity"]), set(read), set(edit))
    return Answer(status=204)


def explain(call: Call) -> Answer:
    """Answer why somebody may or may not do something with a record."""
    user, record = call.whole("user") or 0, call.whole("record") or 0
    found = explaining.explain_for(call.ctx, user, call.text("action", "read"), call.text("entity"), record)
    return Answer({"allowed": found.allowed, "reasons": list(found.reasons)})


_ONE, _GRANTED, _MASK = "/roles/{id}", "/roles/{id}/grants/{entity}", "/roles/{id}/fields/{entity}"
_QUESTION = (
    Param("user", "Id of the user.", ID, required=True),
    Param("entity", "The kind of record, by slug or key.", {"type": "string", "maxLength": 60}, required=True),
    Param("record", "Id of the record.", ID, required=True),
    Param("action", "What the user would do.", {"type": "string", "enum": list(ACTIONS), "default": "read"}),
)
ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/roles", handler=list_roles, summary="List roles", tag="roles", scope="admin",
          answers={200: items_of(_ROLE)}),
    Route(method="POST", path="/roles", handler=new_role, summary="Make a role", tag="roles", scope="admin",
          body=_NEW, answers={201: _ROLE}, location=True, idempotent=True,
          help="It may nothing yet, or all that the role `copy_of` may."),
    Route(method="GET", path=_ONE, handler=get_role, summary="Read a role", tag="roles", scope="admin",
          answers={200: _ROLE}),
    Route(method="PATCH", path=_ONE, handler=change_role, summary="Rename a role", tag="roles", scope="admin",
          body=_CHANGE, answers={200: _ROLE}),
    Route(method="DELETE", path=_ONE, handler=remove_role, summary="Remove a role nobody has", tag="roles",
          scope="admin", answers={204: None}),
    Route(method="GET", path=_GRANTED, handler=get_grants, summary="What a role may do with a kind of record",
          tag="roles", scope="admin", answers={200: _GRANTS},
          help="`all` as the entity stands for every kind of record the role says nothing else about. "
               "`problems` say why a filter can't be asked (its module is off, say): it grants nothing meanwhile."),
    Route(method="PUT", path=_GRANTED, handler=set_grants, summary="Say what a role may do", tag="roles",
          scope="admin", body=_WANTED, answers={204: None}, help="Actions that are not named are refused to it."),
    Route(method="DELETE", path=_GRANTED, handler=reset_grants, summary="Leave it to the module again", tag="roles",
          scope="admin", answers={204: None}),
    Route(method="GET", path=_MASK, handler=get_fields, summary="Which fields a role reads and edits", tag="roles",
          scope="admin", answers={200: _FIELDS}),
    Route(method="PUT", path=_MASK, handler=set_fields, summary="Say which fields a role reads and edits",
          tag="roles", scope="admin", body=_FIELDS, answers={204: None}, help="All others are hidden from it."),
    Route(method="GET", path="/explain", handler=explain, summary="Why somebody may or may not do something",
          tag="roles", scope="admin", parameters=_QUESTION, answers={200: _WHY}),
)  # fmt: skip
