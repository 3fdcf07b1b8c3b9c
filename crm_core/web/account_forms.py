"""What the pages of accounts share: a form with what is wrong in it, and an operation that ends before the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flask

from crm_core.errors import CrmError, NotSignedIn, Problem, TooMany
from crm_core.web.request import visit

if TYPE_CHECKING:
    from crm_core.accounts.identity import SignedIn
    from crm_core.context import Ctx


@dataclass
class FormState:
    """What a form shows: values, and what is wrong with them field by field or as a whole."""

    values: Mapping[str, Any] = field(default_factory=dict)
    error: CrmError | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with single fields."""
        return self.error.problems() if self.error is not None else ()

    def text(self, name: str) -> str:
        """Return the value of a field as it is typed."""
        return str(self.values.get(name) or "")

    def has(self, name: str, value: Any) -> bool:
        """Tell whether a choice is made in a field of several."""
        return str(value) in {str(v) for v in self.values.get(name) or ()}

    def errors(self, name: str) -> list[str]:
        """Return what is wrong with a field."""
        return [p.text() for p in self.problems if p.field == name]


def page(template: str, *, error: CrmError | None = None, **values: Any) -> flask.Response:
    """Return a page; with an error its status and, where one must wait, for how long."""
    response = flask.make_response(flask.render_template(f"accounts/{template}", error=error, **values))
    if error is not None:
        response.status_code = error.status
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def signed_in() -> SignedIn:
    """Return who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    who = visit().who
    if who is None:
        raise NotSignedIn
    return who


@contextmanager
def acting() -> Iterator[Ctx]:
    """Run the block as one writing operation of the person, which has ended before a page is made.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    found, who = visit(), signed_in()
    actor = found.deployment.directory.actor(who.user_id, via="web", scopes=who.scopes)
    with found.deployment.operation(actor, write=True, locale=who.locale) as ctx:
        yield ctx


@contextmanager
def system() -> Iterator[Ctx]:
    """Run the block as one writing operation of the system, for people who are not signed in yet."""
    deployment = visit().deployment
    with deployment.operation(deployment.system_actor(via="web"), write=True) as ctx:
        yield ctx


def picked(name: str) -> list[int]:
    """Return the whole numbers posted under a name."""
    return [int(v) for v in flask.request.form.getlist(name) if v.isascii() and v.isdigit() and len(v) < 16]
