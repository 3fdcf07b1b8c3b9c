"""SMS through Twilio, by its own client; the connection is made as every outgoing one is."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from crm_core.api import outgoing
from crm_notifications.api import SmsFailed, SmsRefused
from crm_notifications.sms import judged


class Connection(HttpClient):  # type: ignore[misc]
    """What Twilio's client sends through: to a checked address, never into a private network."""

    def __init__(self, base: str, private: Collection[str]) -> None:
        """Keep where requests go instead of Twilio's own host, and the hosts that may be called."""
        super().__init__(None, False, None)
        self._base, self._private = urlsplit(base), private

    def request(
        self, method: str, uri: str, params: Any = None, data: Any = None, headers: Any = None, auth: Any = None,
        timeout: float | None = None, allow_redirects: bool = False,
    ) -> Response:  # fmt: skip
        """Send one request and return the answer."""
        parts = urlsplit(uri)
        query = urlencode(params) if params else parts.query
        url = urlunsplit((self._base.scheme, self._base.netloc, parts.path, query, ""))
        sent = {**(headers or {})}
        if auth:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        body = urlencode({k: v for k, v in (data or {}).items() if v is not None}).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        reply = outgoing.exchange(method, url, body, sent, self._private)
        return Response(reply.status, reply.body.decode("utf-8", "replace"))


def sender(base: str, account: str, token: str, number: str, private: Collection[str]) -> Callable[[str, str], None]:
    """Return what sends a message from a number of an account."""
    client = Client(account, token, http_client=Connection(base, private))

    def send(to: str, text: str) -> None:
        try:
            client.messages.create(to=to, from_=number, body=text)
        except outgoing.Refused as exc:
            raise SmsRefused(str(exc)) from exc
        except outgoing.Failed as exc:
            raise SmsFailed(str(exc)) from exc
        except TwilioRestException as exc:
            judged(exc.status, f"{exc.code}: {exc.msg}")
        except TwilioException as exc:
            raise SmsFailed(str(exc)[:300]) from exc

    return send
