"""Pictures of a contact in social networks, offered as photos (CT-11); which networks there are others say."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.api import (
    N_,
    ActionDef,
    Choice,
    Contribution,
    CrmError,
    Ctx,
    FieldDef,
    Tab,
    access,
    files,
    gettext,
    records,
    render,
)

CONTACT = "contacts.contact"
MOST, SIDE = 12, 192
_SHOWN = "contacts.pictured"


@dataclass(frozen=True)
class OfferedPicture:
    """A picture a network has of somebody: its key there, what it is called, and what gets its bytes."""

    key: str
    label: str
    load: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True)
class PictureSource(Contribution):
    """A network that has pictures of people: ``pictures(ctx, address)`` yields those behind a page's address.

    ``kinds`` are the kinds of web address it knows, such as ``linkedin``. It is asked when somebody opens the chooser,
    never before; one that raises is passed over.
    """

    key: str
    label: str
    kinds: tuple[str, ...]
    pictures: Callable[[Ctx, str], Iterable[OfferedPicture]]


def _asked(ctx: Ctx, record: Any) -> list[tuple[PictureSource, str]]:
    sources = ctx.registry.of(PictureSource)
    return [(s, line.url) for s in sources for line in record.websites if line.kind in s.kinds] if sources else []


def offered(ctx: Ctx, record: Any) -> dict[str, OfferedPicture]:
    """Return the pictures there are of a contact, by a key of their own."""
    known = (_SHOWN, record.id)
    if known not in ctx.cache:
        found: dict[str, OfferedPicture] = {}
        for source, url in _asked(ctx, record):
            try:
                found |= {f"{source.key}:{one.key}": one for one in source.pictures(ctx, url)}
            except Exception as error:  # noqa: BLE001 - whatever a network and its plugin come up with
                ctx.registry.hooks.incident(source.plugin, f"pictures of {source.key}", error)
        ctx.cache[known] = dict(list(found.items())[:MOST])
    pictures: dict[str, OfferedPicture] = ctx.cache[known]
    return pictures


def may_be_asked(ctx: Ctx, record: Any) -> bool:
    """Tell whether a network is known for one of the contact's addresses; it is not asked yet."""
    found = bool(_asked(ctx, record))
    if found:
        ctx.cache[_SHOWN] = record
    return found


class PictureChoice(Choice):
    """A picture of the contact the action is about."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and name of each."""
        record = ctx.cache.get(_SHOWN)
        return [(key, one.label) for key, one in offered(ctx, record).items()] if record is not None else []


def use(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make a picture of a network the photo of a contact; it is held to the limits of photos.

    Raises:
        CrmError: it is too large, or no picture.
    """
    chosen = offered(ctx, record)[data["picture"]]
    kind: Any = ctx.registry.field(CONTACT, "photo").type
    stored = files.store(
        ctx, io.BytesIO(chosen.load()), chosen.label, max_bytes=kind.max_bytes, types=kind.types, box=kind.box
    )
    records.update(ctx, CONTACT, record.id, {"photo": stored.id})
    return {"message": gettext(N_("The photo has been changed")), "photo": stored.id}


def chooser(ctx: Ctx, record: Any) -> str:
    """Return the pictures to choose from."""
    shown = []
    for key, one in offered(ctx, record).items():
        try:
            content, kind = files.small_picture(one.load(), SIDE)
        except (CrmError, OSError):
            continue
        shown.append((key, one.label, f"data:{kind};base64,{base64.b64encode(content).decode()}"))
    may_edit = access.may(ctx, CONTACT, "update", record)
    return render("contacts/pictures.html", pictures=shown, url=f"/contacts/{record.id}", may_edit=may_edit)


TAB = Tab(
    entity=CONTACT, key="pictures", label=N_("Pictures"), render=chooser, visible=may_be_asked, weight=90
)  # fmt: skip
ACTION = ActionDef(
    entity=CONTACT,
    name="use_picture",
    label=N_("Take a photo from a network"),
    handler=use,
    icon="person-square",
    bulk=False,
    form=(FieldDef(entity="", key="picture", type=PictureChoice(), label=N_("Picture"), required=True),),
    available=may_be_asked,
)
