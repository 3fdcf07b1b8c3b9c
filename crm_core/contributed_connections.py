"""What a plugin may say about the links between records, where connections are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True, kw_only=True)
class Connection(Contribution):
    """What a link is called in the connections of a record, read from either side.

    The links themselves need no contribution: an indexed link field of a main entity connects its record with the one
    it leads to, and a record that follows two others by indexed links stands for a connection of the first with the
    second. Unless this says otherwise they are called as the link's field, and backwards as the entity.

    ``field`` is the link; of a record between two, the first of the links it follows. ``label`` reads from the record
    that holds the link (or from the first one) on, ``reverse`` the other way. ``named_by`` is a field of the entity
    whose value names the connection instead: ``words(ctx, value)`` returns both readings. ``covers`` are fields of the
    same entity whose links are always among those of ``field``, so that they are not shown a second time.
    """

    entity: str
    field: str
    label: str
    reverse: str = ""
    named_by: str = ""
    words: Callable[[Ctx, Any], tuple[str, str]] | None = None
    covers: tuple[str, ...] = ()
