"""Who may call a page: marks on views, looked at before they run. A plugin's page without a mark is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

Access = Literal["public", "user", "admin", "own"]
View = TypeVar("View", bound=Callable[..., Any])


def _marked(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.crm_access = access  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a page that strangers may call."""
    return _marked("public")(view)


def signed_in(view: View) -> View:
    """Mark a page for whoever is signed in; what it shows of records, their permissions decide."""
    return _marked("user")(view)


def admin(view: View) -> View:
    """Mark a page for administrators only."""
    return _marked("admin")(view)


def own_access(view: View) -> View:
    """Mark a route that recognises its callers and checks them by itself (REST)."""
    return _marked("own")(view)
