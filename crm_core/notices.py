"""What people are told: modules say it, and a module that delivers takes it over, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core.contributed_services import NoticeKind, NoticeSink
from crm_core.i18n import N_, gettext, use_language

if TYPE_CHECKING:
    from crm_core.context import Ctx


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing one person is told.

    ``key`` is the same for the same news, so that nobody is told twice; ``kind`` is what people may choose not to be
    told (``activities.reminder``). It goes to a user, or to an address of somebody who is none. ``entity`` and
    ``record_id`` are what it is about; whether the person may see that was decided by whoever tells.
    """

    key: str
    kind: str
    subject: str
    body: str = ""
    entity: str
    record_id: int
    user_id: int | None = None
    email: str = ""


def tell(ctx: Ctx, notice: Notice) -> bool:
    """Hand a notice to whoever delivers; it goes out when the operation commits, and never when it fails.

    A sink marked ``fallback`` is asked only while no other module delivers.

    Returns:
        Whether a module has taken it.
    """
    sinks = ctx.registry.of(NoticeSink)
    chosen = [s for s in sinks if not s.fallback] or sinks
    return any([sink.take(ctx, notice) for sink in chosen])


SHARED = NoticeKind(
    key="core.shared", label=N_("A record is shared with you"), on="shared", subject=N_("Shared with you: %(title)s"),
    channels=("app", "email"),
)  # fmt: skip
"""What is told of sharing where no module declares a kind of its own for the entity."""


def tell_people(ctx: Ctx, kind: NoticeKind, entity: str, record_id: int, title: str, people: Iterable[int]) -> None:
    """Tell users of a record what a kind says, each in his language; not who does it, and nobody in bulk work."""
    if ctx.quiet or ctx.undoing:
        return
    for user_id in sorted(set(people) - {ctx.actor.id}):
        user = ctx.directory.user(user_id)
        if user is None or not user.active:
            continue
        with use_language(user.locale.language):
            subject = gettext(kind.subject, title=title)
        tell(ctx, Notice(
            key=f"{kind.key}:{record_id}:{user_id}:{ctx.operation_id}", kind=kind.key, subject=subject[:400],
            entity=entity, record_id=record_id, user_id=user_id,
        ))  # fmt: skip


def tell_of_sharing(ctx: Ctx, entity: str, record_id: int, title: str, people: Iterable[tuple[str, int]]) -> None:
    """Tell those with whom a record is newly shared; ``people`` are ``("user" | "team", id)``."""
    found: set[int] = set()
    for kind, number in people:
        team = ctx.directory.team(number) if kind == "team" else None
        found |= set(team.members) if team is not None else {number} if kind == "user" else set()
    declared = [k for k in ctx.registry.of(NoticeKind) if k.on == "shared"]
    own = [k for k in declared if k.entity == entity] or [k for k in declared if not k.entity]
    if own and found:
        tell_people(ctx, own[0], entity, record_id, title, found)
