"""What a search finds beside contacts: employees, the people who use the CRM (CT-35)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_core.api import N_, Ctx, Hit, fold, gettext

LIMIT = 5


def employees(ctx: Ctx, text: str, entities: Sequence[str]) -> Iterator[Hit]:
    """Yield active users whose name or address holds every word, leading to the contacts they manage."""
    words = fold(text).split()
    if not words or "contacts.contact" not in entities:
        return
    found = (u for u in ctx.directory.users() if all(w in fold(f"{u.name} {u.email}") for w in words))
    for _, user in zip(range(LIMIT), found, strict=False):
        yield Hit("core.user", user.id, user.name, gettext(N_("Employee")), f"/contacts?managers={user.id}")
