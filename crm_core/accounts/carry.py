"""A form that could not be taken now, carried along until it can be sent again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug import Request
    from werkzeug.datastructures import MultiDict

PATH = "again_path"
PREFIX = "again."
"""What names of carried fields begin with where another form surrounds them."""

_NEVER = ("/signin", "/forgot", "/reset/")
SIGN_OUT = "/signout"
_TOKEN = "csrf_token"  # noqa: S105 - the name of a form field
_SECRET = ("password", "pending", "code")


@dataclass(frozen=True)
class Carried:
    """What a browser sent: where to, the fields, and the names of what can't be carried (files, passwords)."""

    path: str
    fields: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()


def from_request(request: Request) -> Carried | None:
    """Return the form of a request; ``None`` when it is none, or another site's page sent it."""
    if request.method != "POST" or not same_site(request) or request.mimetype not in _FORMS:
        return None
    path = local_path(request.full_path.rstrip("?"), "")
    if not path or path.startswith(_NEVER):
        return None
    return _split(path, request.form, (name for name, file in request.files.items(multi=True) if file.filename))


def from_form(form: MultiDict[str, str]) -> Carried | None:
    """Return the form that another form carries."""
    path = local_path(form.get(PATH, ""), "")
    if not path or path.startswith((*_NEVER, SIGN_OUT)):
        return None
    pairs = ((k.removeprefix(PREFIX), v) for k, v in form.items(multi=True) if k.startswith(PREFIX))
    return Carried(path, tuple(pairs))


def local_path(text: str, default: str = "/") -> str:
    """Return ``text`` when it is a path of this site, else ``default``; nothing leads elsewhere."""
    plain = text.isprintable() and "\\" not in text and len(text) <= 2000
    return text if plain and text.startswith("/") and not text.startswith("//") else default


def same_site(request: Request) -> bool:
    """Tell whether a page of this site sent the request, as far as the browser says."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _split(path: str, form: MultiDict[str, str], files: Iterable[str]) -> Carried:
    kept, out = [], list(files)
    for name, value in form.items(multi=True):
        if any(word in name.lower() for word in _SECRET):
            out.append(name)
        elif name != _TOKEN:
            kept.append((name, value))
    return Carried(path, tuple(kept), tuple(dict.fromkeys(out)))
