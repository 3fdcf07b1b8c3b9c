"""What a plugin contributes to services of the kernel: looks into files, draws them, answers REST routes of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.fieldtypes import FieldType
    from crm_core.notices import Notice
    from crm_core.rest.routing import Route


@dataclass(frozen=True, kw_only=True)
class FileScanner(Contribution):
    """Looks into every file that arrives, before anybody can be sent it: a virus scanner, a rule of the house.

    ``scan(path, name, content_type)`` returns why the file is refused, in words for the person, else nothing. While it
    raises, no file is taken at all.
    """

    key: str
    label: str
    scan: Callable[[Path, str, str], str]


@dataclass(frozen=True, kw_only=True)
class Previewer(Contribution):
    """Draws files of some content types, such as the first page of a document.

    ``draw(path, side)`` returns a picture that fits into a square of ``side`` pixels, and its content type: JPEG, PNG
    or WebP. It raises ``WrongType`` or ``TooLarge`` for files it can't draw. Pictures are kept. ``draw_page(path, side,
    number)`` draws one page of a file that has several, the first is 1; it raises ``NotFound`` where there is none.
    """

    key: str
    label: str
    types: tuple[str, ...]
    draw: Callable[[Path, int], tuple[bytes, str]]
    draw_page: Callable[[Path, int, int], tuple[bytes, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class RestRoutes(Contribution):
    """Routes of the plugin's own below ``/api/v1``, in the OpenAPI document like every other.

    Each path begins with the slug of one of the plugin's entities, or with its name.
    """

    routes: Callable[[], Sequence[Route]]


@dataclass(frozen=True, kw_only=True)
class NoticeSink(Contribution):
    """Delivers what people are told (``notices.tell``), by mail, in a list, or otherwise.

    ``take(ctx, notice)`` runs in the operation that tells and returns whether it took the notice; what sends over the
    network does so in a job. A ``fallback`` is used only while no other module delivers.
    """

    key: str
    label: str
    take: Callable[[Ctx, Notice], bool]
    fallback: bool = False


@dataclass(frozen=True, kw_only=True)
class NoticeKind(Contribution):
    """A kind of news that people may be told, each by the channels they choose; ``key`` is the ``kind`` of its notices.

    ``channels`` are those by which people are told who chose nothing: ``app``, ``email``, ``sms``. With ``on``, nobody
    has to tell: ``named`` tells users newly named in one of ``fields`` of a record of ``entity``, ``dropped`` those who
    no longer are, ``shared`` those with whom a record is newly shared. ``subject`` is then what they are told;
    ``%(title)s`` stands for the record. Other news is told with ``notices.tell``.
    """

    key: str
    label: str
    channels: tuple[str, ...] = ("app",)
    help: str = ""
    entity: str = ""
    on: Literal["", "named", "dropped", "shared"] = ""
    fields: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, kw_only=True)
class PreferenceDef(Contribution):
    """Something each person chooses: in the profile, as ``preferences`` of ``/me``, and by ``personal.value``.

    ``key`` begins with the plugin's name and a dot.
    """

    key: str
    type: FieldType
    label: str
    default: Any = None
    help: str = ""
