"""How much may be uploaded, and what."""

from __future__ import annotations

from pathlib import Path

from crm_core.api import N_, Ctx, FileScanner, Invalid, Problem, TooLarge, WrongType, files, gettext
from crm_documents.kinds import ending_of
from crm_documents.settings import ENDINGS, MAX_MB, MB, QUOTA_MB, REFUSED, USER_QUOTA_MB

_PROGRAMS = (b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def largest(ctx: Ctx) -> int:
    """Return the most bytes a file may have, whatever room is left."""
    return min(int(ctx.directory.setting(MAX_MB)) * MB, ctx.config.max_upload)


def check_name(ctx: Ctx, name: str) -> None:
    """Refuse a file by the ending of its name.

    Raises:
        WrongType: it is not among those accepted, or among those refused.
    """
    ending = ending_of(files.clean_name(name))
    accepted, refused = (_endings(ctx, key) for key in (ENDINGS, REFUSED))
    if ending in refused or (accepted and ending not in accepted):
        shown = {"ending": f".{ending}" if ending else gettext(N_("no ending")), "accepted": " ".join(sorted(accepted))}
        if accepted:
            raise WrongType(N_("Files with %(ending)s are not accepted, only: %(accepted)s"), params=shown)
        raise WrongType(N_("Files with %(ending)s are not accepted"), params=shown)


def _endings(ctx: Ctx, key: str) -> set[str]:
    text = str(ctx.directory.setting(key) or "").replace(",", " ").lower()
    return {word.lstrip("*").lstrip(".") for word in text.split()}


def check_room(ctx: Ctx, size: int) -> None:
    """Refuse bytes there is no room for.

    Raises:
        TooLarge: they alone are more than a file may have; the limit is named.
        Invalid: they are more than is left to the person or to the deployment; what is left is named.
    """
    limit = largest(ctx)
    if size > limit:
        message = N_("The file is larger than %(limit)s, the most that is accepted here")
        raise TooLarge(message, params={"limit": files.size_text(limit)})
    for key, user_id, message in (
        (USER_QUOTA_MB, ctx.actor.id, N_("Your files would take more than the %(quota)s you have; %(left)s are left")),
        (QUOTA_MB, None, N_("All files would take more than the %(quota)s there are; %(left)s are left")),
    ):
        quota = int(ctx.directory.setting(key) or 0) * MB
        if quota and not (key == USER_QUOTA_MB and user_id is None):
            left = max(0, quota - files.usage(ctx, user_id))
            if size > left:
                shown = {"quota": files.size_text(quota), "left": files.size_text(left)}
                raise Invalid([Problem("file", "quota", message, shown)])


def refused_program(path: Path, name: str, content_type: str) -> str:
    """Return why a file is refused that is a program under the name of something else, else nothing."""
    with path.open("rb") as stream:
        head = stream.read(4)
    disguised = ending_of(name) not in ("", "exe", "dll", "so", "bin", "class", "com", "scr", "sys")
    return gettext(N_("it is a program, whatever its name says")) if disguised and head.startswith(_PROGRAMS) else ""


PROGRAMS = FileScanner(
    key="documents.programs", label=N_("Programs under the names of documents"), scan=refused_program
)
