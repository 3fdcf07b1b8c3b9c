"""The ways a person is reached that consent is asked for, and words of choices."""

from __future__ import annotations

from crm_core.api import N_, Choice, Entry, FieldDef, ListDef

CHANNEL = "privacy.channel"
STATES = {"given": N_("Given"), "withdrawn": N_("Withdrawn")}
HOW = {"anonymise": N_("Make anonymous"), "delete": N_("Delete")}
REASONS = {"request": N_("The person asked for it"), "retention": N_("Kept long enough"), "other": N_("Another reason")}
OPT_OUTS = {
    "opt_out_email": N_("No mass e-mail"), "opt_out_call": N_("No calls"), "opt_out_fax": N_("No fax"),
}  # fmt: skip
"""The fields of contacts that a channel may set."""
JOB_STATES = {
    "waiting": N_("Waiting"), "running": N_("Running"), "done": N_("Done"), "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}  # fmt: skip

LISTS = (
    ListDef(
        key=CHANNEL, label=N_("Channels of consent"), section=N_("Personal data"),
        extra=(FieldDef(entity="", key="opt_out", type=Choice(choices=OPT_OUTS), label=N_("Sets, when withdrawn")),),
        entries=(
            Entry(code="email", label=N_("E-mail"), icon="envelope", values={"opt_out": "opt_out_email"}),
            Entry(code="phone", label=N_("Telephone"), icon="telephone", values={"opt_out": "opt_out_call"}),
            Entry(code="sms", label=N_("SMS"), icon="chat-left-text"),
            Entry(code="post", label=N_("Post"), icon="mailbox"),
        ),
    ),
)  # fmt: skip
