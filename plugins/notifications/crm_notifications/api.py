"""What other plugins may import: a gateway for SMS of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_core.api import Contribution, Ctx


@dataclass(frozen=True, kw_only=True)
class SmsGateway(Contribution):
    """A way to send SMS, offered in the setting ``notifications.sms_gateway`` by its ``key``.

    ``missing(ctx)`` names the settings without which it can't send. ``sender(ctx)`` reads them and returns
    ``send(to, text)``, which is called outside of any transaction: ``to`` is a number in E.164. It raises
    ``SmsFailed`` where a later try may do better, ``SmsRefused`` where none will.
    """

    key: str
    label: str
    missing: Callable[[Ctx], list[str]]
    sender: Callable[[Ctx], Callable[[str, str], None]]


class SmsFailed(Exception):
    """The message was not taken; a later try may do better."""


class SmsRefused(Exception):
    """The message will not be taken, whatever is tried."""


__all__ = ["SmsFailed", "SmsGateway", "SmsRefused"]
