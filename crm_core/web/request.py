"""The operation of a web request: who asks, opened when it is first needed, committed before the answer goes out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import flask

from crm_core.errors import Forbidden, NotSignedIn
from crm_core.i18n import N_, best_language, gettext
from crm_core.marks import Access, admin, own_access, public

if TYPE_CHECKING:
    from crm_core.accounts.identity import SignedIn
    from crm_core.context import Ctx
    from crm_core.deployment import Deployment

__all__ = [
    "READING", "Message", "Visit", "access_of", "admin", "after_response", "check_access", "current", "is_admin",
    "is_fragment", "is_open", "language", "module_title", "notify", "own_access", "public", "visit", "visitor",
]  # fmt: skip

READING = frozenset({"GET", "HEAD", "OPTIONS"})
ENDS_VIEWING = frozenset({"/view-as/end", "/signout"})
"""Addresses that bring who looks as somebody else back to himself."""
_OPEN_ENDPOINTS = frozenset({"static", "healthz", "readyz"})


@dataclass
class Message:
    """A message for the person: shown once, on the answer or on the next page."""

    text: str
    kind: str = "success"
    url: str = ""
    label: str = ""

    def dump(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"text": self.text, "kind": self.kind, "url": self.url, "label": self.label}


@dataclass
class Visit:
    """What is known of one request. ``write`` is set for everything that is not read-only."""

    deployment: Deployment
    write: bool
    who: SignedIn | None = None
    ctx: Ctx | None = None
    messages: list[Message] = field(default_factory=list)
    shown: bool = False
    stack: ExitStack = field(default_factory=ExitStack)
    after: list[Callable[[], None]] = field(default_factory=list)

    def open(self) -> Ctx:
        """Return the running operation, begun now if nobody needed one yet.

        Raises:
            NotSignedIn: nobody is signed in.
        """
        if self.ctx is None:
            if self.who is None:
                raise NotSignedIn
            directory = self.deployment.directory
            actor = directory.actor(self.who.user_id, via="web", scopes=self.who.scopes)
            if self.who.viewer is not None:
                actor = replace(actor, viewer=directory.actor(self.who.viewer.user_id))
            operation = self.deployment.operation(
                actor, write=self.write, locale=self.who.locale, cache={"access_epoch": self.who.access_high}
            )
            self.ctx = self.stack.enter_context(operation)
        return self.ctx

    def finish(self) -> None:
        """Commit what was done."""
        stack, self.stack = self.stack.pop_all(), ExitStack()
        stack.close()
        self.ctx = None

    def give_up(self, error: BaseException) -> None:
        """Roll back what was done; what is opened from now on only reads."""
        stack, self.stack = self.stack.pop_all(), ExitStack()
        self.ctx, self.write = None, False
        stack.__exit__(type(error), error, error.__traceback__)


def visit() -> Visit:
    """Return what is known of the running request."""
    return cast("Visit", flask.g.crm_visit)


def current() -> Ctx:
    """Return the operation of the running request, begun now if nobody needed one yet.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    return visit().open()


def visitor() -> SignedIn | None:
    """Return who is signed in."""
    found: Visit | None = flask.g.get("crm_visit")
    return found.who if found else None


def is_admin() -> bool:
    """Tell whether the person administers the CRM."""
    found: Visit | None = flask.g.get("crm_visit")
    if found is None or found.who is None or not _covered(found.who, "admin"):
        return False
    user = found.deployment.directory.user(found.who.user_id)
    return user is not None and user.active and found.deployment.directory.actor(user.id).is_admin


def notify(text: str, kind: str = "success", *, url: str = "", label: str = "") -> None:
    """Show a message with this answer (htmx) or on the next page (a redirect).

    Args:
        text: What to say, translated.
        kind: ``success``, ``info``, ``warning`` or ``error``.
        url: Where a link in the message leads.
        label: What the link is called.
    """
    visit().messages.append(Message(text, kind, url, label))


def after_response(function: Callable[[], None]) -> None:
    """Call something once the answer is made and its transaction has ended; a failure is logged only."""
    visit().after.append(function)


def is_fragment() -> bool:
    """Tell whether the page asked for a part of itself (htmx or a script), not for a page."""
    headers = flask.request.headers
    return (
        bool(headers.get("HX-Request"))
        and not headers.get("HX-Boosted")
        and not headers.get("HX-History-Restore-Request")
    )


def language() -> str:
    """Return the language of the answer: the person's, else what the browser prefers."""
    who = visitor()
    if who is not None:
        return who.locale.language
    return best_language(tag for tag, _ in flask.request.accept_languages)


# ---------------------------------------------------------------- who may call a route


def is_open(endpoint: str | None) -> bool:
    """Tell whether an endpoint has nothing to do with who asks: files of the pages, and whether all is well."""
    return endpoint is not None and (endpoint in _OPEN_ENDPOINTS or endpoint.endswith(".static"))


def access_of(app: flask.Flask, endpoint: str | None) -> Access:
    """Return what an endpoint declares; without a declaration one must be signed in."""
    if endpoint is None or is_open(endpoint):
        return "public"
    return cast("Access", getattr(app.view_functions.get(endpoint), "crm_access", "user"))


def _covered(who: SignedIn, scope: str) -> bool:
    return who.scopes is None or scope in who.scopes


def _check_viewing(who: SignedIn) -> None:
    """Refuse all that changes something, and the account itself, to who looks as somebody else."""
    ends = flask.request.path in ENDS_VIEWING
    personal = flask.request.path.startswith("/profile")
    if personal or (flask.request.method not in READING and not ends):
        raise Forbidden(N_("You look at the CRM as %(name)s, for reading only"), params={"name": who.name})


def check_access(access: Access) -> None:
    """Refuse strangers, people who don't administer where that is needed, and writing to who only reads.

    Raises:
        NotSignedIn: nobody is signed in.
        Forbidden: the route is for administrators, or the person was recognised for reading alone.
    """
    if access in ("public", "own"):
        return
    who = visitor()
    if who is None:
        raise NotSignedIn
    if who.viewer is not None:
        _check_viewing(who)
    elif flask.request.method not in READING and not _covered(who, "write"):
        raise Forbidden(N_("You were signed in for reading only"))
    if access == "admin" and not is_admin():
        raise Forbidden(N_("Only administrators may open this"))


def module_title(name: str) -> str:
    """Return what people call a module, whatever its state; its name when nothing else is known."""
    if name == "core":
        return gettext(N_("The CRM itself"))
    found = visit().deployment.statuses.get(name)
    return found.title if found is not None else name
