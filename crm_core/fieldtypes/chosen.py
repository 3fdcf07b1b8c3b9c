"""A text that holds values of other fields, which forms let people choose rather than type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from crm_core.fieldtypes.texts import LongText

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import FieldDef


class Pickers(Protocol):
    """What of a text can be chosen: the fields whose controls are shown beside it, by key."""

    @property
    def fields(self) -> Mapping[str, FieldDef]:
        """Return the fields."""

    def apart(self, text: str) -> tuple[str, Mapping[str, Any]]:
        """Return what of a text stays a text, and the values in it that controls show."""

    def together(self, rest: str, picked: Mapping[str, Any]) -> str:
        """Return the text that holds both; values are given as JSON has them, wrong ones as they were typed.

        Raises:
            ValueProblem: they can't stand together.
        """


class ChosenText(LongText):
    """A part of lines: a text whose meaning depends on the rest of the form, as far as it can be chosen.

    What is stored is the text, and programs give the text. ``depends_on`` names the fields of the form and the parts
    of the line that decide what can be chosen.
    """

    widget, custom = "chosen", False
    depends_on: ClassVar[tuple[str, ...]] = ()

    def pickers(self, ctx: Ctx, record: Mapping[str, Any], line: Mapping[str, Any]) -> Pickers | None:
        """Return what can be chosen beside these values as typed; nothing when it is a plain text."""
        return None
