"""Users, teams, tags and links to records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.db import Identifier
from crm_core.errors import ValueProblem
from crm_core.fieldtypes.base import EQUALITY, MULTIPLE, FieldType, as_text, wrong_type
from crm_core.i18n import N_

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crm_core.context import Ctx


def as_id(raw: Any) -> int:
    """Return the id of an input: a number, its text, or an object with ``id``.

    Raises:
        ValueProblem: not an id.
    """
    if isinstance(raw, Mapping):
        raw = raw.get("id")
    if isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdigit():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw < 2**53:
        raise wrong_type("the id of a record")
    return raw


class Link(FieldType):
    """One record of ``target``; permissions of the target hold: one may only link what one sees.

    ``where`` is a filter's text that the linked record must pass, such as ``kind = "company"``.
    """

    name, label, widget, kind = "link", N_("Link to a record"), "link", "int"
    operators = EQUALITY | {"contains", "startswith"}

    def __init__(self, target: str, where: str = "") -> None:
        """Keep the entity linked to and which of its records may be chosen."""
        self.target, self.where = target, where

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return an id."""
        return Identifier

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the id."""
        return as_id(raw)

    def search_text(self, value: Any) -> str:
        """Return nothing: the entity says what of a link is searched."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return a positive integer."""
        return {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}

    def options(self) -> Mapping[str, Any]:
        """Return the target, and the filter if there is one."""
        return {"target": self.target, "where": self.where} if self.where else {"target": self.target}


def _id_or_none(raw: Any) -> int | None:
    """Return an id, nothing for a text that is none: it was a name or an address that nobody has."""
    return None if isinstance(raw, str) and not raw.strip().isdigit() else as_id(raw)


class User(Link):
    """One user; ``me`` is understood, and so is an e-mail address."""

    name, label, widget = "user", N_("User"), "user"
    operators = EQUALITY

    def __init__(self) -> None:
        """Link to users."""
        super().__init__("core.user")

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the id of an existing user."""
        if isinstance(raw, str):
            text = as_text(raw)
            if text == "me" and ctx.actor.id is not None:
                return ctx.actor.id
            found = ctx.directory.user_by_email(text)
            if found is not None:
                return found.id
        identifier = _id_or_none(raw)
        if ctx.directory.user(identifier) is None:
            raise ValueProblem("unknown", N_("There is no such user"))
        return identifier

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the person's name."""
        found = ctx.directory.user(value) if value else None
        return found.name if found else ""

    def options(self) -> Mapping[str, Any]:
        """Return nothing."""
        return {}

    def schema(self) -> dict[str, Any]:
        """Return an id, ``me`` or an address."""
        return {
            "oneOf": [{"type": "integer", "minimum": 1, "maximum": 2**53 - 1}, {"type": "string", "maxLength": 254}]
        }


class Team(User):
    """One team."""

    name, label, widget = "team", N_("Team"), "team"

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the id of an existing team, given by id or name."""
        if isinstance(raw, str) and (found := ctx.directory.team_by_name(as_text(raw))):
            return found.id
        identifier = _id_or_none(raw)
        if ctx.directory.team(identifier) is None:
            raise ValueProblem("unknown", N_("There is no such team"))
        return identifier

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the team's name."""
        found = ctx.directory.team(value) if value else None
        return found.name if found else ""


class _Many(FieldType):
    """Mixin of types whose values are rows of the link table."""

    operators, multiple, sortable = MULTIPLE, True, False

    def column(self) -> sa.types.TypeEngine[Any]:
        """Refuse."""
        raise TypeError(f"{self.name} has no column")

    def parse(self, raw: Any, ctx: Ctx) -> Any:
        """Return distinct ids in the order given."""
        if raw is None or raw == "":
            return []
        items = raw if isinstance(raw, list | tuple | set) else [raw]
        if len(items) > 1000:
            raise ValueProblem("too_many", N_("At most %(limit)s entries"), limit=1000)
        found = [self.convert(item, ctx) for item in items if item not in (None, "")]
        return list(dict.fromkeys(found))

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return one id."""
        return None if raw is None else self.convert(raw, ctx)


class Users(_Many, User):
    """Several users."""

    name, label, widget = "users", N_("Users"), "users"

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the names."""
        return ", ".join(User.show(self, v, ctx) for v in value or ())

    def schema(self) -> dict[str, Any]:
        """Return an array."""
        return {"type": "array", "items": User.schema(self), "maxItems": 1000}


class Links(_Many, Link):
    """Several records of ``target``."""

    name, label, widget = "links", N_("Links to records"), "links"

    def schema(self) -> dict[str, Any]:
        """Return an array."""
        return {"type": "array", "items": Link.schema(self), "maxItems": 1000}


MAKE_TAGS = "core.users_make_tags"
"""The setting that lets everybody make a tag by typing it on a record."""


def may_make_tags(ctx: Ctx) -> bool:
    """Tell whether the actor may make tags: administrators always, users where the setting allows it (KN-16)."""
    return ctx.actor.is_admin or bool(ctx.directory.setting(MAKE_TAGS))


class Tags(_Many, FieldType):
    """Labels with a colour; an unknown name makes a new tag when the record is saved (KN-16)."""

    name, label, widget = "tags", N_("Tags"), "tags"
    kind = "int"
    custom = False

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the id of a tag given by id or name, or the new name as text."""
        if isinstance(raw, str) and not raw.isdigit():
            text = " ".join(as_text(raw).split())
            if len(text) > 60:
                raise ValueProblem(
                    "too_long", N_("At most %(limit)s characters; this has %(length)s"), limit=60, length=len(text)
                )
            found = ctx.directory.tag_called(text)
            if found is None and not may_make_tags(ctx):
                raise ValueProblem("unknown", N_("There is no tag %(name)s, and only administrators make new ones"),
                                   name=text)  # fmt: skip
            return found.id if found else text
        meant = ctx.directory.tag_today(as_id(raw))
        if meant is None:
            raise ValueProblem("unknown", N_("There is no such tag"))
        return meant.id

    def parse(self, raw: Any, ctx: Ctx) -> Any:
        """Split text at commas."""
        if isinstance(raw, str):
            raw = [part for part in raw.split(",") if part.strip()]
        return super().parse(raw, ctx)

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Return the id of a tag, 0 for an unknown name: it has no records."""
        if isinstance(raw, str) and not raw.isdigit():
            known = ctx.directory.tag_called(" ".join(as_text(raw).split()))
            return known.id if known else 0
        return None if raw is None else self.convert(raw, ctx)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the names."""
        tags = (ctx.directory.tag_ever(v) for v in value or ())
        return ", ".join(t.name for t in tags if t)

    def dump(self, value: Any) -> Any:
        """Return the ids; the REST layer writes names."""
        return value

    def schema(self) -> dict[str, Any]:
        """Return an array of names."""
        return {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 200}


class Related(FieldType):
    """A record of any entity, as ``entity:id``."""

    name, label, widget = "related", N_("Related record"), "related"
    operators = EQUALITY
    sortable = False

    def column(self) -> sa.types.TypeEngine[Any]:
        """Return a short text."""
        from crm_core.db import SortText

        return SortText(100)

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return ``entity:id`` of an entity that is active; an object with ``entity`` and ``id`` is taken too."""
        if isinstance(raw, Mapping):
            raw = f"{raw.get('entity')}:{raw.get('id')}"
        entity, _, number = as_text(raw).partition(":")
        if entity not in ctx.registry.entities:
            raise ValueProblem("unknown", N_("%(value)s is not a kind of record"), value=entity[:60])
        return f"{entity}:{as_id(number)}"

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return text of the form ``entity:id``."""
        return {"type": "string", "pattern": r"^[a-z_.]+:[0-9]+$", "maxLength": 100}
