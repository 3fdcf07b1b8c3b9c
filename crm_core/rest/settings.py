"""Routes of settings, for administrators."""

from __future__ import annotations

from typing import Any

from crm_core import settings
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.i18n import gettext
from crm_core.rest.routing import Answer, Call, Route, items_of, shape
from crm_core.settings import SettingValue

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_SETTING = shape(
    "key plugin label help type value default is_set secret schema",
    key=_TEXT, plugin=_TEXT, label=_TEXT, help=_TEXT, type=_TEXT, value={}, default={}, is_set=_FLAG, secret=_FLAG,
    schema={"type": "object"},
)  # fmt: skip
_BODY: dict[str, Any] = {
    "type": "object", "description": "Values by key; null puts a setting back to its default and removes a secret.",
}  # fmt: skip


def _document(found: SettingValue) -> dict[str, Any]:
    definition = found.definition
    return {
        "key": found.key,
        "plugin": definition.plugin,
        "label": gettext(definition.label),
        "help": gettext(definition.help) if definition.help else "",
        "type": definition.type.name,
        "value": None if found.value is None else definition.type.dump(found.value),
        "default": None
        if definition.secret or definition.default is None
        else definition.type.dump(definition.default),
        "is_set": found.is_set,
        "secret": definition.secret,
        "schema": definition.type.schema(),
    }


def list_(call: Call) -> Answer:
    """Answer every setting with its value; secrets are told as set or not."""
    return Answer({"items": [_document(found) for found in settings.values(call.ctx).values()]})


def update(call: Call) -> Answer:
    """Change settings, all or none."""
    problems: list[Problem] = []
    for key, value in call.body.items():
        try:
            if value is None:
                settings.reset(call.ctx, key)
            else:
                settings.set_value(call.ctx, key, value)
        except NotFound as error:
            problems.append(Problem(key[:80], "unknown", error.message, error.params))
        except Invalid as error:
            problems.extend(error.problems())
    if problems:
        raise Invalid(problems)
    return Answer(status=204)


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/settings", handler=list_, summary="List settings", tag="settings", scope="admin",
          answers={200: items_of(_SETTING)}),
    Route(method="PATCH", path="/settings", handler=update, summary="Change settings", tag="settings",
          scope="admin", body=_BODY, answers={204: None}),
)  # fmt: skip
