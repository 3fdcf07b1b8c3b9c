"""Routes of one's own account, and of users and teams for administrators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.accounts import passwords, personal, profile, roles, teams, tokens, users
from crm_core.accounts.rights import own_id
from crm_core.accounts.teams import TeamRow
from crm_core.i18n import LANGUAGES
from crm_core.models import ApiToken, User
from crm_core.rest import bodies
from crm_core.rest.routing import ID, LIMIT, PREFIX, Answer, Call, Param, Route, items_of, shape

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_WHEN: dict[str, Any] = {"type": "string", "format": "date-time"}
_WHEN_OR_NOT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 120}
_EMAIL: dict[str, Any] = {"type": "string", "format": "email", "maxLength": 254}
_CODES: dict[str, Any] = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 50}
_IDS: dict[str, Any] = {"type": "array", "items": ID, "maxItems": 5000}
_NEXT: dict[str, Any] = {"type": ["integer", "null"]}
_PERSONAL: dict[str, Any] = {
    "name": _NAME,
    "language": {"type": "string", "enum": list(LANGUAGES)},
    "timezone": {"type": "string", "maxLength": 60},
    "date_format": {"type": "string", "enum": list(profile.DATE_FORMATS)},
    "theme": {"type": "string", "enum": list(profile.THEMES)},
}
_CHOSEN: dict[str, Any] = {"type": "object", "additionalProperties": True}
_ME_CHANGE = shape(**_PERSONAL, preferences=_CHOSEN)
_ME = shape(
    "id email name language timezone date_format theme roles teams administrator scopes second_factor preferences",
    id=_NUMBER, email=_TEXT, name=_TEXT, language=_TEXT, timezone=_TEXT, date_format=_TEXT, theme=_TEXT,
    roles={"type": "array", "items": _TEXT}, teams={"type": "array", "items": _NUMBER}, administrator=_FLAG,
    scopes={"type": ["array", "null"], "items": _TEXT}, second_factor=_FLAG, preferences=_CHOSEN,
)  # fmt: skip
_TOKEN = shape(
    "id name prefix scopes created_at expires_at last_used_at revoked_at",
    id=_NUMBER, name=_TEXT, prefix=_TEXT, scopes={"type": "array", "items": _TEXT}, created_at=_WHEN,
    expires_at=_WHEN_OR_NOT, last_used_at=_WHEN_OR_NOT, revoked_at=_WHEN_OR_NOT, token=_TEXT,
)  # fmt: skip
_TOKEN_NEW = shape(
    "name",
    name=_NAME,
    scopes={"type": "array", "items": {"type": "string", "enum": list(tokens.SCOPES)}, "maxItems": 3},
    days={"type": ["integer", "null"], "minimum": 1, "maximum": tokens.LONGEST_DAYS},
)
_USER = shape(
    "id email name active language timezone date_format theme roles teams second_factor created_at last_seen_at",
    id=_NUMBER, email=_TEXT, name=_TEXT, active=_FLAG, language=_TEXT, timezone=_TEXT, date_format=_TEXT,
    theme=_TEXT, roles={"type": "array", "items": _TEXT}, teams={"type": "array", "items": _NUMBER},
    second_factor=_FLAG, created_at=_WHEN, last_seen_at=_WHEN_OR_NOT, generated_password=_TEXT,
)  # fmt: skip
_USER_CHANGE = shape(**_PERSONAL, email=_EMAIL, roles=_CODES, teams=_IDS, active=_FLAG)
_USER_NEW = shape(
    "email name",
    **_PERSONAL, email=_EMAIL, roles=_CODES, teams=_IDS,
    password={"type": "string", "minLength": passwords.SHORTEST, "maxLength": passwords.LONGEST},
)  # fmt: skip
_TEAM = shape(
    "id name active members", id=_NUMBER, name=_TEXT, active=_FLAG, members={"type": "array", "items": _NUMBER}
)
_TEAM_CHANGE = shape(name=_NAME, members=_IDS, active=_FLAG)
_TEAM_NEW = shape("name", name=_NAME, members=_IDS)


# ---------------------------------------------------------------- one's own account


def me(call: Call) -> Answer:
    """Answer who calls, and what the call may do."""
    return Answer(_me(call, profile.own(call.ctx)))


def change_me(call: Call) -> Answer:
    """Change one's own name and preferences."""
    bodies.check(_ME_CHANGE, call.body)
    return Answer(_me(call, profile.update(call.ctx, call.body)))


def _me(call: Call, user: User) -> dict[str, Any]:
    actor = call.ctx.actor
    return {
        **_personal(user),
        "roles": sorted(actor.roles),
        "teams": sorted(actor.teams),
        "administrator": actor.is_admin,
        "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
        "second_factor": bool(user.totp_secret),
        "preferences": personal.values(call.ctx, user.preferences),
    }


def _personal(user: User) -> dict[str, Any]:
    keys = ("id", "email", "name", "language", "timezone", "date_format", "theme")
    return {key: getattr(user, key) for key in keys}


def list_tokens(call: Call) -> Answer:
    """Answer one's own tokens."""
    return Answer({"items": [_token(t) for t, _ in tokens.listed(call.ctx.session, own_id(call.ctx))]})


def new_token(call: Call) -> Answer:
    """Make a token of one's own; the answer holds it, this once."""
    bodies.check(_TOKEN_NEW, call.body)
    body = call.body
    token, row = tokens.create_own(call.ctx, name=body["name"], scopes=body.get("scopes") or (), days=body.get("days"))
    answer = Answer({**_token(row), "token": token}, 201)
    answer.headers["Location"] = f"{PREFIX}/me/tokens/{row.id}"
    return answer


def get_token(call: Call) -> Answer:
    """Answer one of one's own tokens."""
    return Answer(_token(tokens.own(call.ctx, call.id)))


def revoke_token(call: Call) -> Answer:
    """Make one of one's own tokens worthless."""
    tokens.revoke_own(call.ctx, call.id)
    return Answer(status=204)


def _token(row: ApiToken) -> dict[str, Any]:
    keys = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {key: getattr(row, key) for key in keys}


# ---------------------------------------------------------------- users


def list_users(call: Call) -> Answer:
    """Answer users by name."""
    active = call.flag("active", True) if call.text("active") else None
    found = users.listed(
        call.ctx, text=call.text("q"), active=active, page=call.whole("after") or 1, size=call.whole("limit") or 50
    )
    items = [_shown(row.user, row.roles, row.teams) for row in found.items]
    return Answer(
        {
            "items": items,
            "next": found.page + 1 if found.page < found.pages else None,
            "total": {"value": found.total, "exact": True},
        }
    )


def get_user(call: Call) -> Answer:
    """Answer one user."""
    return Answer(_user(call, users.get(call.ctx, call.id)))


def new_user(call: Call) -> Answer:
    """Create a user; without a password one is generated, and the answer holds it, this once."""
    bodies.check(_USER_NEW, call.body)
    values = dict(call.body)
    given = values.pop("password", None)
    password = given or passwords.generated()
    user = users.create(call.ctx, values, password=password)
    user.must_change_password = given is None
    shown = {} if given else {"generated_password": password}
    answer = Answer({**_user(call, user), **shown}, 201)
    answer.headers["Location"] = f"{PREFIX}/users/{user.id}"
    return answer


def change_user(call: Call) -> Answer:
    """Change a user, his roles and teams, and whether he may sign in."""
    bodies.check(_USER_CHANGE, call.body)
    values = dict(call.body)
    active = values.pop("active", None)
    user = users.update(call.ctx, call.id, values)
    if active is not None:
        user = users.set_active(call.ctx, call.id, active)
    return Answer(_user(call, user))


def reset_second_factor(call: Call) -> Answer:
    """Switch off the second factor of someone who lost it."""
    users.reset_second_factor(call.ctx, call.id)
    return Answer(status=204)


def _user(call: Call, user: User) -> dict[str, Any]:
    session = call.ctx.session
    return _shown(user, roles.of_user(session, user.id), teams.of_user(session, user.id))


def _shown(user: User, codes: Iterable[str], team_ids: Iterable[int]) -> dict[str, Any]:
    return {
        **_personal(user),
        "active": user.active,
        "roles": sorted(codes),
        "teams": sorted(team_ids),
        "second_factor": bool(user.totp_secret),
        "created_at": user.created_at,
        "last_seen_at": user.last_seen_at,
    }


# ---------------------------------------------------------------- teams


def list_teams(call: Call) -> Answer:
    """Answer all teams by name."""
    return Answer({"items": [_team(row) for row in teams.listed(call.ctx)]})


def get_team(call: Call) -> Answer:
    """Answer one team."""
    return Answer(_team(teams.get(call.ctx, call.id)))


def new_team(call: Call) -> Answer:
    """Create a team."""
    bodies.check(_TEAM_NEW, call.body)
    team = teams.create(call.ctx, call.body)
    answer = Answer(_team(teams.get(call.ctx, team.id)), 201)
    answer.headers["Location"] = f"{PREFIX}/teams/{team.id}"
    return answer


def change_team(call: Call) -> Answer:
    """Rename a team, change its members or switch it off."""
    bodies.check(_TEAM_CHANGE, call.body)
    teams.update(call.ctx, call.id, call.body)
    return Answer(_team(teams.get(call.ctx, call.id)))


def _team(row: TeamRow) -> dict[str, Any]:
    team = row.team
    return {"id": team.id, "name": team.name, "active": team.active, "members": [i for i, _ in row.members]}


_AFTER = Param("after", "Where the last answer said to go on.", {"type": "integer", "minimum": 1, "maximum": 10**9})
_QUERY = (
    Param("q", "Part of a name or an e-mail address."),
    Param("active", "Only users who may sign in (1) or may not (0)."),
    LIMIT,
    _AFTER,
)
_TOTAL = shape("value exact", value=_NUMBER, exact=_FLAG)

ROUTES = (
    Route(method="GET", path="/me", handler=me, summary="Who calls", tag="account", scope="none", answers={200: _ME}),
    Route(method="PATCH", path="/me", handler=change_me, summary="Change one's own profile", tag="account",
          scope="write", body=_ME_CHANGE, answers={200: _ME}),
    Route(method="GET", path="/me/tokens", handler=list_tokens, summary="List one's own tokens", tag="account",
          answers={200: items_of(_TOKEN)}),
    Route(method="POST", path="/me/tokens", handler=new_token, summary="Make a token", tag="account", scope="write",
          body=_TOKEN_NEW, answers={201: _TOKEN}, location=True,
          help="The answer holds the token in `token`; it is never shown again."),
    Route(method="GET", path="/me/tokens/{id}", handler=get_token, summary="Read one's own token", tag="account",
          answers={200: _TOKEN}),
    Route(method="DELETE", path="/me/tokens/{id}", handler=revoke_token, summary="Revoke one's own token",
          tag="account", scope="write", answers={204: None}),
    Route(method="GET", path="/users", handler=list_users, summary="List users", tag="users", scope="admin",
          parameters=_QUERY, answers={200: items_of(_USER, next=_NEXT, total=_TOTAL)}),
    Route(method="POST", path="/users", handler=new_user, summary="Create a user", tag="users", scope="admin",
          body=_USER_NEW, answers={201: _USER}, location=True,
          help="Without `password` one is generated and answered once in `generated_password`."),
    Route(method="GET", path="/users/{id}", handler=get_user, summary="Read a user", tag="users", scope="admin",
          answers={200: _USER}),
    Route(method="PATCH", path="/users/{id}", handler=change_user, summary="Change a user", tag="users",
          scope="admin", body=_USER_CHANGE, answers={200: _USER},
          help="Users are deactivated (`active: false`), never deleted. The last administrator stays."),
    Route(method="DELETE", path="/users/{id}/second-factor", handler=reset_second_factor,
          summary="Switch off a user's second factor", tag="users", scope="admin", answers={204: None}),
    Route(method="GET", path="/teams", handler=list_teams, summary="List teams", tag="teams", scope="admin",
          answers={200: items_of(_TEAM)}),
    Route(method="POST", path="/teams", handler=new_team, summary="Create a team", tag="teams", scope="admin",
          body=_TEAM_NEW, answers={201: _TEAM}, location=True, idempotent=True),
    Route(method="GET", path="/teams/{id}", handler=get_team, summary="Read a team", tag="teams", scope="admin",
          answers={200: _TEAM}),
    Route(method="PATCH", path="/teams/{id}", handler=change_team, summary="Change a team", tag="teams",
          scope="admin", body=_TEAM_CHANGE, answers={200: _TEAM}),
)  # fmt: skip
