"""The mails about accounts."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.config import Config
from crm_core.i18n import N_, gettext, use_language

_RESET = N_(
    """Hello %(name)s,

someone, most likely you, asked for a new password for the CRM. Choose it here within one hour:

%(link)s

The link works once. If you did not ask for it, do nothing: your password stays as it is.
"""
)
_INVITATION = N_(
    """Hello %(name)s,

an account of the CRM was made for you. Choose your password here within three days:

%(link)s

Afterwards sign in with this e-mail address: %(email)s
"""
)


@dataclass(frozen=True)
class Letter:
    """A mail ready to be sent."""

    to: str
    name: str
    subject: str
    text: str


def reset_letter(config: Config, *, email: str, name: str, language: str, key: str) -> Letter:
    """Return the mail with the link for a lost password, in the reader's language."""
    with use_language(language):
        text = gettext(_RESET, name=name, link=password_link(config, key))
        return Letter(email, name, gettext(N_("A new password for the CRM")), text)


def invitation(config: Config, *, email: str, name: str, language: str, key: str) -> Letter:
    """Return the mail that invites a new user, in his language."""
    with use_language(language):
        text = gettext(_INVITATION, name=name, email=email, link=password_link(config, key))
        return Letter(email, name, gettext(N_("Your account of the CRM")), text)


def password_link(config: Config, key: str) -> str:
    """Return the address where a password is chosen."""
    return f"{config.base_url.rstrip('/')}/reset/{key}"
