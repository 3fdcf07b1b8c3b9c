"""Mail through a real SMTP server, and what happens without one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm_core import mail
from crm_core.accounts import letters
from crm_core.config import Config
from crm_core.errors import CrmError
from crm_core.models import Incident
from crm_core.testing.services import free_port, smtp_sink


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False, False)),
        (
            "smtp://me%40example.org:p%3Aw@mail.example.org:2525",
            ("mail.example.org", 2525, "me@example.org", "p:w", False, False),
        ),
        ("smtp://mail.example.org?starttls=1", ("mail.example.org", 587, "", "", False, True)),
        ("smtps://mail.example.org", ("mail.example.org", 465, "", "", True, False)),
    ],
)
def test_the_address_of_a_server_is_read(url, expected):
    found = mail.server(url)
    assert (found.host, found.port, found.user, found.password, found.tls, found.starttls) == expected
    assert "p:w" not in repr(found)


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://x:y", "smtp://[::1"])
def test_an_unreadable_address_is_an_error_in_words(url):
    with pytest.raises(CrmError, match="CRM_SMTP_URL"):
        mail.server(url)


def test_a_mail_arrives_as_written():
    with smtp_sink() as sink:
        config = Config(smtp_url=f"smtp://{sink.host}:{sink.port}", mail_from="The CRM <crm@example.org>")
        mail.send(config, "ada@example.org", "Bonjour à tous", "Ça va ?\n", name="Ada, née Byron")
    (sent,) = sink.messages
    assert (sent.sender, sent.recipients) == ("crm@example.org", ("ada@example.org",))
    message = sent.message
    assert message["From"] == "The CRM <crm@example.org>"
    assert message["To"] == '"Ada, née Byron" <ada@example.org>'
    assert (message["Subject"], message["Auto-Submitted"]) == ("Bonjour à tous", "auto-generated")
    assert message["Date"] and message["Message-ID"].endswith("@example.org>")
    assert message.get_content_type() == "text/plain" and message.get_content().strip() == "Ça va ?"


def test_line_ends_in_a_subject_or_name_add_no_header():
    with smtp_sink() as sink:
        config = Config(smtp_url=f"smtp://{sink.host}:{sink.port}")
        mail.send(config, "ada@example.org", "Hello\r\nBcc: x@example.org", "Text", name="Ada\nBcc: y@example.org")
    assert "Bcc" not in sink.messages[0].message
    assert sink.messages[0].recipients == ("ada@example.org",)


def test_a_server_that_does_not_answer_is_told():
    config = Config(smtp_url=f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(mail.MailFailed) as refused:
        mail.send(config, "ada@example.org", "Hello", "Text")
    assert refused.value.hint
    with pytest.raises(CrmError, match="CRM_SMTP_URL"):
        mail.send(Config(), "ada@example.org", "Hello", "Text")


def test_a_posted_mail_that_fails_becomes_an_incident(bench):
    config = Config(smtp_url=f"smtp://127.0.0.1:{free_port()}")
    assert mail.post(bench.database, config, "ada@example.org", "Hello", "Text").result(30) is False
    with bench.database.transaction(write=False) as session:
        incident = session.scalars(sa.select(Incident)).one()
    assert (incident.plugin, incident.where) == ("core", "mail")
    assert "ada@example.org" not in incident.message


def test_what_is_missing_for_mails_with_links_is_named():
    assert mail.missing(Config()) == ["CRM_SMTP_URL", "CRM_BASE_URL"]
    assert mail.missing(Config(smtp_url="smtp://mail.example.org", base_url="https://crm.example.org")) == []


def test_letters_carry_the_link_of_the_deployment():
    config = Config(base_url="https://crm.example.org/")
    for write in (letters.reset_letter, letters.invitation):
        letter = write(config, email="ada@example.org", name="Ada", language="en", key="KEY")
        assert "https://crm.example.org/reset/KEY\n" in letter.text
        assert "Ada" in letter.text and letter.to == "ada@example.org"
