"""The reference lists of the kernel itself."""

from __future__ import annotations

from crm_core.contributions import Entry, ListDef
from crm_core.i18n import N_

CHANNEL = "core.channel"
"""How a person was reached; a comment carries one (CT-26), and administrators add their own (KN-21)."""

LISTS = (
    ListDef(
        key=CHANNEL,
        label=N_("Ways to reach someone"),
        entries=(
            Entry(code="note", label=N_("Note"), icon="sticky", role="default"),
            Entry(code="email", label=N_("E-mail"), icon="envelope"),
            Entry(code="phone", label=N_("Phone call"), icon="telephone"),
            Entry(code="meeting", label=N_("Meeting"), icon="people"),
            Entry(code="letter", label=N_("Letter"), icon="mailbox"),
            Entry(code="sms", label=N_("Text message"), icon="chat-dots"),
            Entry(code="video", label=N_("Video call"), icon="camera-video"),
        ),
        roles=(("default", N_("Chosen at first")),),
    ),
)
