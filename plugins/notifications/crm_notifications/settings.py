"""Settings of notifications."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.api import N_, Choice, Ctx, Integer, LongText, SettingDef, Text, Url
from crm_notifications.api import SmsGateway

KEEP_DAYS, PER_HOUR = "notifications.keep_days", "notifications.per_hour"
GATEWAY, PRIVATE_HOSTS = "notifications.sms_gateway", "notifications.private_hosts"
HTTP_URL, HTTP_BODY, HTTP_TYPE = "notifications.http_url", "notifications.http_body", "notifications.http_type"
HTTP_SECRET = "notifications.http_secret"  # noqa: S105 - the name of a setting
TWILIO_URL, TWILIO_ACCOUNT = "notifications.twilio_url", "notifications.twilio_account"
TWILIO_TOKEN, TWILIO_FROM = "notifications.twilio_token", "notifications.twilio_from"  # noqa: S105 - names of settings
TYPES: Mapping[str, str] = {
    "application/json": "JSON", "application/x-www-form-urlencoded": N_("Form"),
}  # fmt: skip


class GatewayChoice(Choice):
    """One of the gateways for SMS that modules offer, or none."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and label of each."""
        return [(gateway.key, gateway.label) for gateway in ctx.registry.of(SmsGateway)]


SETTINGS = (
    SettingDef(key="keep_days", type=Integer(1, 3650), label=N_("Days notices are kept"), default=90),
    SettingDef(
        key="per_hour", type=Integer(1, 1000), label=N_("Messages an hour to one person"), default=20,
        help=N_("By each of e-mail and SMS; what comes on top is sent as one summary when the hour is over"),
    ),
    SettingDef(
        key="sms_gateway", type=GatewayChoice(), label=N_("Gateway for SMS"), default=None,
        help=N_("SMS may cost money: ask the operator of the gateway. Without a gateway there is no SMS"),
    ),
    SettingDef(
        key="private_hosts", type=LongText(10_000), label=N_("Hosts of one's own that may be called"), default="",
        help=N_(
            "Names or addresses with or without a port, separated by spaces; others in private networks are refused"
        ),
    ),
    SettingDef(key="http_url", type=Url(), label=N_("Web address of the HTTP gateway"), default=None),
    SettingDef(
        key="http_body", type=LongText(2000), label=N_("What is posted to it"),
        default='{"to": "{to}", "text": "{text}"}', help=N_("{to} stands for the number, {text} for the message"),
    ),
    SettingDef(
        key="http_type", type=Choice(choices=TYPES), label=N_("Format of what is posted"), default="application/json"
    ),
    SettingDef(
        key="http_secret", type=Text(500), label=N_("Secret of the HTTP gateway"), default=None, secret=True,
        help=N_("Sent as Authorization: Bearer …"),
    ),
    SettingDef(
        key="twilio_url", type=Url(), label=N_("Web address of Twilio"), default="https://api.twilio.com",
        help=N_("Another one only for a gateway that speaks the same"),
    ),
    SettingDef(key="twilio_account", type=Text(64), label=N_("Account at Twilio (SID)"), default=None),
    SettingDef(
        key="twilio_token", type=Text(200), label=N_("Secret at Twilio (auth token)"), default=None, secret=True
    ),
    SettingDef(
        key="twilio_from", type=Text(32), label=N_("Sender at Twilio"), default=None,
        help=N_("A number in international writing, or a name the operator has allowed"),
    ),
)  # fmt: skip
