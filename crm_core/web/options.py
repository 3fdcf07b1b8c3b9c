"""Routes that form controls call while one types, and the "+" beside a reference list."""

from __future__ import annotations

import flask

from crm_core import access
from crm_core.contributions import EntityDef
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.i18n import N_
from crm_core.web import choosers
from crm_core.web.request import current

blueprint = flask.Blueprint("options", __name__)
Answer = flask.typing.ResponseReturnValue


def _asked() -> str:
    return flask.request.args.get("q", "")[:200]


@blueprint.get("/<entity:definition>/options")
def of_entity(definition: EntityDef) -> Answer:
    """Answer records to link to; ``where`` narrows them by a filter."""
    ctx = current()
    access.require(ctx, definition.key, "read")
    where = flask.request.args.get("where", "")
    return {"items": choosers.record_options(ctx, definition.key, _asked(), where=where)}


@blueprint.get("/options/related")
def of_any_entity() -> Answer:
    """Answer records of every kind."""
    return {"items": choosers.related_options(current(), _asked())}


@blueprint.get("/options/users")
def of_users() -> Answer:
    """Answer people."""
    return {"items": choosers.user_options(current(), _asked())}


@blueprint.get("/options/tags")
def of_tags() -> Answer:
    """Answer tags."""
    return {"items": choosers.tag_options(current(), _asked())}


@blueprint.post("/lists/<key>/add")
def add_entry(key: str) -> Answer:
    """Add an entry to a reference list from a form (KN-22); an equal one that exists is answered instead."""
    ctx = current()
    if key not in ctx.registry.lists:
        raise NotFound
    if not choosers.may_extend(ctx, key):
        raise Forbidden(N_("Only administrators may add entries to this list"))
    try:
        entry = choosers.add_entry(ctx, key, flask.request.form.get("label", ""))
    except Invalid as error:
        return {"message": "; ".join(p.text() for p in error.problems())}, error.status
    return {"code": entry.code, "label": entry.title()}, 201
