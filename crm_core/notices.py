"""What people are told: modules say it, and a module that delivers takes it over, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core.contributed_services import NoticeSink

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
