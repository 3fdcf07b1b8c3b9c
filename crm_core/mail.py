"""Plain text mail, sent through the server that ``CRM_SMTP_URL`` names."""

from __future__ import annotations

import logging
import smtplib
import ssl
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from crm_core.config import Config
from crm_core.db import Database
from crm_core.errors import CrmError, Unavailable
from crm_core.i18n import N_
from crm_core.models import Incident

log = logging.getLogger("crm.mail")
TIMEOUT = 20.0
_postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crm-mail")
_PORTS = {"smtp": 25, "smtps": 465}


class MailFailed(Unavailable):
    """The mail was not handed over; ``hint`` holds the server's words."""

    code, title = "mail_failed", N_("The mail could not be sent")


@dataclass(frozen=True)
class Server:
    """A mail server: where it is, and how to speak with it."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = False


def missing(config: Config) -> list[str]:
    """Return the settings without which no mail with a link can be sent; empty when all are there.

    ``CRM_BASE_URL`` is among them because an address taken from a request could lead a reader elsewhere.
    """
    wanted = {"CRM_SMTP_URL": config.smtp_url, "CRM_BASE_URL": config.base_url}
    return [name for name, value in wanted.items() if not value]


def server(url: str) -> Server:
    """Read ``smtp://user:password@host:port?starttls=1`` or ``smtps://…``.

    Raises:
        CrmError: the address can't be read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise CrmError(N_("CRM_SMTP_URL can't be read; it looks like smtp://user:password@host:587?starttls=1"))
    starttls = parse_qs(parts.query).get("starttls", ["0"])[-1].lower() in ("1", "true", "yes", "on")
    return Server(
        host=parts.hostname,
        port=port or (587 if starttls else _PORTS[parts.scheme]),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=starttls,
    )


def compose(config: Config, to: str, subject: str, text: str, *, name: str = "") -> EmailMessage:
    """Return a plain text mail that no machine answers (RFC 3834)."""
    sender_name, sender = parseaddr(config.mail_from)
    mail = EmailMessage()
    mail["From"] = Address(sender_name or "CRM", addr_spec=sender)
    mail["To"] = Address(" ".join(name.split()), addr_spec=to)
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def send(config: Config, to: str, subject: str, text: str, *, name: str = "") -> None:
    """Hand a mail to the server and return when it has taken it.

    Raises:
        MailFailed: the server is not reached or refuses.
        CrmError: no server is set, or its address can't be read.
    """
    if not config.smtp_url:
        raise CrmError(N_("No mail server is set (CRM_SMTP_URL)"))
    target = server(config.smtp_url)
    try:
        mail = compose(config, to, subject, text, name=name)
        with _connected(target) as link:
            if target.user:
                link.login(target.user, target.password)
            link.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        raise MailFailed(hint=str(exc)[:500]) from exc


def post(database: Database, config: Config, to: str, subject: str, text: str, *, name: str = "") -> Future[bool]:
    """Send a mail after the answer to a request, whose duration must not tell whether there was a mail to send.

    A failure is logged and written down as an incident for administrators.

    Returns:
        Whether the server has taken it, later.
    """
    return _postman.submit(_delivered, database, config, to, subject, text, name)


def _delivered(database: Database, config: Config, to: str, subject: str, text: str, name: str) -> bool:
    try:
        send(config, to, subject, text, name=name)
    except CrmError as error:
        log.warning("a mail was not sent: %s %s", error, error.hint or "")
        with database.transaction() as session:
            message = f"{error} {error.hint or ''}".strip()[:500]
            session.add(Incident(plugin="core", where="mail", message=message))
        return False
    return True


def _connected(target: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if target.tls:
        return smtplib.SMTP_SSL(target.host, target.port, timeout=TIMEOUT, context=context)
    link = smtplib.SMTP(target.host, target.port, timeout=TIMEOUT)
    if target.starttls:
        try:
            link.starttls(context=context)
        except BaseException:
            link.close()
            raise
    return link
