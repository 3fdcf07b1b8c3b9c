"""SMS through the gateway an administrator has chosen; off until there is one (NT-10)."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

from crm_core.api import N_, Ctx, outgoing
from crm_notifications.api import SmsFailed, SmsGateway, SmsRefused
from crm_notifications.settings import (
    GATEWAY,
    HTTP_BODY,
    HTTP_SECRET,
    HTTP_TYPE,
    HTTP_URL,
    PRIVATE_HOSTS,
    TWILIO_ACCOUNT,
    TWILIO_FROM,
    TWILIO_TOKEN,
    TWILIO_URL,
)

MOST = 480
"""Signs of a message: three parts of an SMS at most, because each part is paid for."""
_AGAIN = {408, 425, 429}


def gateway(ctx: Ctx) -> SmsGateway | None:
    """Return the gateway that is chosen and complete, if there is one."""
    key = ctx.directory.setting(GATEWAY)
    found = next((g for g in ctx.registry.of(SmsGateway) if g.key == key), None)
    return found if found is not None and not found.missing(ctx) else None


def unset(ctx: Ctx, *keys: str) -> list[str]:
    """Return those of some settings that have no value."""
    return [key for key in keys if not ctx.directory.setting(key)]


def private_hosts(ctx: Ctx) -> frozenset[str]:
    """Return the hosts that may be called although they aren't public."""
    return frozenset(str(ctx.directory.setting(PRIVATE_HOSTS) or "").lower().replace(",", " ").split())


def judged(status: int, said: str) -> None:
    """Take a good answer.

    Raises:
        SmsFailed: the other side has trouble, or too much to do.
        SmsRefused: it does not want this message.
    """
    if 200 <= status < 300:
        return
    raise (SmsFailed if status >= 500 or status in _AGAIN else SmsRefused)(f"it answered {status} {said}".strip()[:300])


def _http(ctx: Ctx) -> Callable[[str, str], None]:
    read = ctx.directory.setting
    url, template, kind, secret = read(HTTP_URL), read(HTTP_BODY), read(HTTP_TYPE), read(HTTP_SECRET)
    private = private_hosts(ctx)
    headers = {"Content-Type": f"{kind}; charset=utf-8", "User-Agent": "crm-notifications/1"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"

    def send(to: str, text: str) -> None:
        body = filled(template, kind, to, text)
        try:
            reply = outgoing.exchange("POST", url, body.encode(), headers, private)
        except outgoing.Refused as exc:
            raise SmsRefused(str(exc)) from exc
        except outgoing.Failed as exc:
            raise SmsFailed(str(exc)) from exc
        judged(reply.status, "")

    return send


def filled(template: str, kind: str, to: str, text: str) -> str:
    """Return what is posted: values are quoted as the format wants it, and nothing in them is a placeholder."""

    def quoted(value: str) -> str:
        return json.dumps(value)[1:-1] if kind == "application/json" else urlencode({"": value})[1:]

    parts = template.split("{to}")
    return quoted(to).join(part.replace("{text}", quoted(text)) for part in parts)


def _twilio(ctx: Ctx) -> Callable[[str, str], None]:
    from crm_notifications.twilio_gateway import sender

    read = ctx.directory.setting
    return sender(read(TWILIO_URL), read(TWILIO_ACCOUNT), read(TWILIO_TOKEN), read(TWILIO_FROM), private_hosts(ctx))


GATEWAYS = (
    SmsGateway(
        key="http", label=N_("HTTP gateway"), missing=lambda ctx: unset(ctx, HTTP_URL, HTTP_BODY), sender=_http
    ),
    SmsGateway(
        key="twilio", label="Twilio", sender=_twilio,
        missing=lambda ctx: unset(ctx, TWILIO_URL, TWILIO_ACCOUNT, TWILIO_TOKEN, TWILIO_FROM),
    ),
)  # fmt: skip
