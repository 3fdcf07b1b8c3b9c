"""The colours and icons administrators choose from for entries, tags and the like."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.i18n import N_

COLOURS: tuple[tuple[str, str], ...] = (
    ("", N_("No colour")), ("#64748b", N_("Grey")), ("#2563eb", N_("Blue")), ("#0891b2", N_("Cyan")),
    ("#0d9488", N_("Teal")), ("#16a34a", N_("Green")), ("#84a316", N_("Olive")), ("#ca8a04", N_("Yellow")),
    ("#ea580c", N_("Orange")), ("#dc2626", N_("Red")), ("#db2777", N_("Pink")), ("#9333ea", N_("Purple")),
    ("#78350f", N_("Brown")),
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """An icon to choose, with its name for those who don't see it."""

    icon: str
    label: str


MARKS: tuple[Mark, ...] = (
    Mark(icon="circle", label=N_("Circle")), Mark(icon="star", label=N_("Star")), Mark(icon="heart", label=N_("Heart")),
    Mark(icon="flag", label=N_("Flag")), Mark(icon="telephone", label=N_("Phone")),
    Mark(icon="telephone-x", label=N_("Phone, crossed out")), Mark(icon="envelope", label=N_("Letter")),
    Mark(icon="chat-dots", label=N_("Conversation")), Mark(icon="calendar-event", label=N_("Calendar")),
    Mark(icon="people", label=N_("People")), Mark(icon="person", label=N_("Person")),
    Mark(icon="building", label=N_("Building")), Mark(icon="briefcase", label=N_("Briefcase")),
    Mark(icon="cart", label=N_("Cart")), Mark(icon="cash-coin", label=N_("Money")),
    Mark(icon="trophy", label=N_("Trophy")), Mark(icon="hand-thumbs-up", label=N_("Thumb up")),
    Mark(icon="hand-thumbs-down", label=N_("Thumb down")), Mark(icon="check-circle", label=N_("Tick")),
    Mark(icon="x-circle", label=N_("Cross")), Mark(icon="question-circle", label=N_("Question")),
    Mark(icon="exclamation-circle", label=N_("Exclamation")), Mark(icon="clock", label=N_("Clock")),
    Mark(icon="hourglass-split", label=N_("Hourglass")), Mark(icon="slash-circle", label=N_("Stop")),
    Mark(icon="fire", label=N_("Fire")), Mark(icon="snow", label=N_("Snow")), Mark(icon="lightning", label=N_("Flash")),
    Mark(icon="gift", label=N_("Gift")), Mark(icon="globe2", label=N_("Globe")),
)  # fmt: skip
