"""Routes that form controls call while one types, and the "+" beside a reference list."""

from __future__ import annotations

import flask

from crm_core import access, lists
from crm_core.contributions import EntityDef
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.i18n import translate_mapping
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
    try:
        entry = lists.add_entry(current(), key, flask.request.form.get("label", ""))
    except (Invalid, Conflict, Forbidden) as error:
        problems = error.problems()
        return {"message": "; ".join(p.text() for p in problems) if problems else error.text()}, error.status
    return {"code": entry.code, "label": translate_mapping(entry.label)}, 201
