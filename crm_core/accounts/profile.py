"""What a person changes of his own account: name, language, time zone, date format, theme, password."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from crm_core import directory
from crm_core.accounts import audit, passwords, personal, sessions
from crm_core.accounts.rights import own_id
from crm_core.context import Ctx
from crm_core.db import KERNEL
from crm_core.errors import Invalid, NotSignedIn, Problem, ValueProblem
from crm_core.i18n import LANGUAGES, N_
from crm_core.models import User

DATE_FORMATS = ("dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd")
THEMES: Mapping[str, str] = {"auto": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}
NAME_LENGTH = 120

_HIDDEN_ZONES = ("posix/", "right/", "posixrules", "localtime", "Factory")


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones (IANA), in order."""
    return tuple(sorted(z for z in available_timezones() if not z.startswith(_HIDDEN_ZONES)))


def one_line(raw: Any) -> str:
    """Return a text as one line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(raw or "")).split())


def collect(values: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return the personal columns that ``values`` gives, checked; what is wrong is added to ``problems``."""
    clean: dict[str, Any] = {}
    if "name" in values:
        clean["name"] = name = one_line(values["name"])
        if not name:
            problems.append(Problem("name", "required", N_("Please give a name")))
        elif len(name) > NAME_LENGTH:
            problems.append(Problem("name", "too_long", N_("At most %(n)s characters, please"), {"n": NAME_LENGTH}))
    choices: dict[str, Any] = {
        "language": LANGUAGES,
        "timezone": time_zones(),
        "date_format": DATE_FORMATS,
        "theme": THEMES,
    }
    for key, known in choices.items():
        if key in values:
            clean[key] = value = str(values[key] or "")
            if value not in known:
                message = N_("%(value)s is not a known choice")
                problems.append(Problem(key, "choice", message, {"value": value[:60]}))
    return clean


def own(ctx: Ctx) -> User:
    """Return the account of the person who acts.

    Raises:
        NotSignedIn: the system or nobody acts.
    """
    user = ctx.session.get(User, own_id(ctx), execution_options=KERNEL)
    if user is None:
        raise NotSignedIn
    return user


def update(ctx: Ctx, values: Mapping[str, Any]) -> User:
    """Change one's own name, language, time zone, date format or theme; what is not in ``values`` stays.

    ``preferences`` are those that modules offer, by key.

    Raises:
        Invalid: with every problem.
    """
    user, problems = own(ctx), list[Problem]()
    clean = collect(values, problems)
    if "preferences" in values:
        clean["preferences"] = personal.collect(ctx, values["preferences"], user.preferences, problems)
    if problems:
        raise Invalid(problems)
    diff = {key: [getattr(user, key), value] for key, value in clean.items() if getattr(user, key) != value}
    for key, value in clean.items():
        setattr(user, key, value)
    if diff:
        ctx.session.flush()
        directory.touch(ctx.session)
        audit.note(ctx, user.id, user.name, "update", diff=diff)
    return user


def change_password(ctx: Ctx, new: str, *, keep_session: int | None = None) -> None:
    """Set one's own password, the old one having been checked; other sessions end.

    Raises:
        Invalid: the new password is refused.
    """
    user = own(ctx)
    try:
        passwords.check(new, email=user.email, name=user.name)
    except ValueProblem as exc:
        raise Invalid([exc.at("password")]) from exc
    user.password_hash, user.must_change_password = passwords.hashed(new), False
    sessions.revoke_all(ctx.session, user.id, keep=keep_session)
    ctx.session.flush()
    audit.note(ctx, user.id, user.name, "password_changed")
