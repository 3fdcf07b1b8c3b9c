"""Settings administrators change: typed, checked, written to the history, and in force in every process at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm_core import history, money, recording, sequences
from crm_core.accounts import keys
from crm_core.config import Config
from crm_core.contributed_events import RecordedEvent
from crm_core.contributions import SettingDef
from crm_core.db import KERNEL
from crm_core.directory import SEALED, Unseal, touch
from crm_core.errors import Forbidden, Invalid, NotFound, ValueProblem
from crm_core.fieldtypes import Boolean, Text
from crm_core.fieldtypes.base import as_text
from crm_core.i18n import N_, gettext
from crm_core.models import SettingRow

if TYPE_CHECKING:
    from crm_core.context import Ctx

SEQUENCE = "sequence."
"""Settings of this name hold an administrator's numbering mask: ``sequence.contacts.customer``."""

_HIDDEN = "•••"


class MaskText(Text):
    """A numbering mask such as ``C{0:5}``."""

    name, custom = "mask", False

    def __init__(self) -> None:
        """Take the length of a mask."""
        super().__init__(40)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return a mask that can be used."""
        return sequences.parse_mask(as_text(raw)).text


@dataclass(frozen=True)
class SettingValue:
    """A setting as administrators see it; ``value`` is ``None`` for a secret, ``is_set`` tells that it was changed."""

    key: str
    definition: SettingDef
    value: Any
    is_set: bool


def definitions(ctx: Ctx) -> dict[str, SettingDef]:
    """Return every setting by its full key: those plugins declare, masks of number sequences, events (KN-20)."""
    masks = {
        f"{SEQUENCE}{s.key}": SettingDef(
            key=s.key, type=MaskText(), label=s.label, default=s.mask, plugin=s.plugin,
            help=N_("{0:5} stands for the number with five digits; {yy}, {mm} and {dd} for the day"),
        )
        for s in ctx.registry.sequences.values()
    }  # fmt: skip
    return {**ctx.registry.settings, **masks, **_recorded(ctx)}


def _recorded(ctx: Ctx) -> dict[str, SettingDef]:
    """Return the switches of the events that timelines tell by themselves."""
    found = {}
    for event in ctx.registry.of(RecordedEvent):
        plural = gettext(ctx.registry.entity(event.entity).plural)
        found[recording.setting_of(event)] = SettingDef(
            key=event.key, type=Boolean(), label=f"{plural}: {gettext(event.label)}", default=event.on,
            plugin=event.plugin, help=N_("Whether the timeline tells it by itself; the history is always complete"),
        )  # fmt: skip
    return found


def values(ctx: Ctx) -> dict[str, SettingValue]:
    """Return every setting with its value, by full key, in the order of the plugins.

    Raises:
        Forbidden: the actor is no administrator.
    """
    _require_admin(ctx)
    stored = ctx.directory.stored_settings
    return {
        key: SettingValue(key, d, None if d.secret else _value(stored, key, d), key in stored)
        for key, d in definitions(ctx).items()
    }


def set_value(ctx: Ctx, key: str, raw: Any) -> None:
    """Set a setting from raw input; no value puts it back to its default, and leaves a secret as it is.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: no active plugin has the setting; names the nearest one.
        Invalid: the value is not one of the setting's type.
    """
    _require_admin(ctx)
    definition = _definition(ctx, key)
    try:
        value = definition.type.parse(raw, ctx)
    except ValueProblem as problem:
        raise Invalid([problem.at(key)]) from problem
    if definition.secret and value is None:
        return
    if key == money.DEFAULT_CURRENCY:
        money.set_default(ctx, value or definition.default)
        return
    _write(ctx, key, definition, value)


def reset(ctx: Ctx, key: str) -> None:
    """Put a setting back to its default; the way to remove a secret.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: no active plugin has the setting.
    """
    _require_admin(ctx)
    definition = _definition(ctx, key)
    if key == money.DEFAULT_CURRENCY:
        money.set_default(ctx, definition.default)
        return
    _write(ctx, key, definition, None)


def _write(ctx: Ctx, key: str, definition: SettingDef, value: Any) -> None:
    before = ctx.directory.stored_settings.get(key)
    after = None if value is None else definition.type.store(value)
    if before == after:
        return
    if after is None:
        ctx.session.execute(sa.delete(SettingRow).where(SettingRow.key == key), execution_options=KERNEL)
    else:
        kept = _sealed(ctx.config, key, after) if definition.secret else after
        row = {"value": kept, "changed_at": ctx.now, "changed_by_id": ctx.actor.id}
        insert = (sqlite if ctx.database.is_sqlite else postgresql).insert(SettingRow)
        statement = insert.values(key=key, **row).on_conflict_do_update(index_elements=["key"], set_=row)
        ctx.session.execute(statement, execution_options=KERNEL)
    shown = [None if v is None else _HIDDEN for v in (before, after)] if definition.secret else [before, after]
    history.note(ctx, "core.setting", 0, key, "update", {key: shown})
    touch(ctx.session)
    if key in ctx.registry.options:
        touch(ctx.session, "registry")


def _sealed(config: Config, key: str, value: Any) -> dict[str, str]:
    return {SEALED: keys.seal(config, _purpose(key), json.dumps(value))}


def _purpose(key: str) -> str:
    """Return what a setting's encryption is for: the value of one setting can't stand for another's."""
    return f"setting {key}"


def unsealer(config: Config) -> Unseal:
    """Return what reads secret settings with the key of the deployment."""
    return lambda key, sealed: keys.unseal(config, _purpose(key), sealed)


def _value(stored: Mapping[str, Any], key: str, definition: SettingDef) -> Any:
    return definition.type.load(stored[key]) if key in stored else definition.default


def _definition(ctx: Ctx, key: str) -> SettingDef:
    known = definitions(ctx)
    if key in known:
        return known[key]
    near = difflib.get_close_matches(key, known, 1, 0.6)
    message = N_("There is no setting %(key)s; did you mean %(near)s?") if near else N_("There is no setting %(key)s")
    raise NotFound(message, params={"key": key[:80], "near": near[0] if near else ""})


def _require_admin(ctx: Ctx) -> None:
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may see and change settings"))
