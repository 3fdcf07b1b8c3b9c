"""Reference lists of contacts and what a new deployment finds in them."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.api import N_, Entry, FieldDef, ListDef, SequenceDef, Text

KINDS: Mapping[str, str] = {"person": N_("Person"), "company": N_("Company")}
ORIGINS: Mapping[str, str] = {"manual": N_("By hand"), "import": N_("Imported"), "web_form": N_("Web form")}
EMAIL_KINDS: Mapping[str, str] = {"work": N_("Work"), "home": N_("At home"), "other": N_("Other")}
PHONE_KINDS: Mapping[str, str] = {
    "mobile": N_("Mobile"), "work": N_("Work"), "home": N_("At home"), "fax": N_("Fax"), "other": N_("Other"),
}  # fmt: skip
WEBSITE_KINDS: Mapping[str, str] = {
    "work": N_("Web site"), "home": N_("Personal page"), "blog": N_("Blog"), "linkedin": "LinkedIn", "xing": "XING",
    "facebook": "Facebook", "instagram": "Instagram", "x": "X (Twitter)", "mastodon": "Mastodon", "bluesky": "Bluesky",
    "youtube": "YouTube", "tiktok": "TikTok", "github": "GitHub", "other": N_("Other"),
}  # fmt: skip
"""Kinds of web addresses; social networks are named as they name themselves (CT-05, CT-11)."""

TEMPERATURE = ListDef(
    key="contacts.temperature",
    label=N_("Temperatures"),
    entries=(
        Entry(code="cold", label=N_("Cold"), colour="#8a98d8", icon="thermometer-low"),
        Entry(code="warm", label=N_("Warm"), colour="#ffd267", icon="thermometer-half"),
        Entry(code="hot", label=N_("Hot"), colour="#df7895", icon="thermometer-high"),
    ),
)
TYPE = ListDef(
    key="contacts.type",
    label=N_("Contact types"),
    entries=(
        Entry(code="client", label=N_("Client")),
        Entry(code="supplier", label=N_("Supplier")),
        Entry(code="partner", label=N_("Partner")),
        Entry(code="competitor", label=N_("Competitor")),
    ),
)
NATURE = ListDef(
    key="contacts.nature",
    label=N_("Natures"),
    entries=(
        Entry(code="prospect", label=N_("Prospect"), colour="#8a98d8"),
        Entry(code="customer", label=N_("Customer"), colour="#4f9d69"),
        Entry(code="supplier", label=N_("Supplier"), colour="#c08a3e"),
        Entry(code="internal", label=N_("Internal"), colour="#7a7f87"),
        Entry(code="factor", label=N_("Factor"), colour="#8b6bb1"),
    ),
    fixed=True,
)
QUALIFICATION = ListDef(
    key="contacts.qualification",
    label=N_("Qualification levels"),
    entries=(
        Entry(code="a", label="A", colour="#4f9d69"),
        Entry(code="b", label="B", colour="#ffd267"),
        Entry(code="c", label="C", colour="#df7895"),
    ),
)
ROLE = ListDef(
    key="contacts.role",
    label=N_("Roles in a company"),
    entries=(
        Entry(code="decision_maker", label=N_("Decision maker")),
        Entry(code="influencer", label=N_("Influencer")),
        Entry(code="buyer", label=N_("Buyer")),
        Entry(code="user", label=N_("User of the product")),
        Entry(code="technical", label=N_("Technical contact")),
        Entry(code="accounting", label=N_("Accounting")),
    ),
    user_extensible=True,
)
INDUSTRY = ListDef(
    key="contacts.industry",
    label=N_("Sectors"),
    entries=(
        Entry(code="agriculture", label=N_("Agriculture")),
        Entry(code="construction", label=N_("Construction")),
        Entry(code="education", label=N_("Education")),
        Entry(code="energy", label=N_("Energy")),
        Entry(code="finance", label=N_("Finance and insurance")),
        Entry(code="health", label=N_("Health")),
        Entry(code="hospitality", label=N_("Hotels and restaurants")),
        Entry(code="manufacturing", label=N_("Manufacturing")),
        Entry(code="public", label=N_("Public services")),
        Entry(code="retail", label=N_("Trade")),
        Entry(code="services", label=N_("Services")),
        Entry(code="software", label=N_("Software")),
        Entry(code="transport", label=N_("Transport")),
    ),
    user_extensible=True,
)
SIZE = ListDef(
    key="contacts.size",
    label=N_("Company sizes"),
    entries=(
        Entry(code="micro", label=N_("1 to 9 people")),
        Entry(code="small", label=N_("10 to 49 people")),
        Entry(code="medium", label=N_("50 to 249 people")),
        Entry(code="large", label=N_("250 to 999 people")),
        Entry(code="huge", label=N_("1,000 people and more")),
    ),
)
SOURCE = ListDef(
    key="contacts.source",
    label=N_("Sources"),
    entries=(
        Entry(code="advertising", label=N_("Advertising")),
        Entry(code="cold_call", label=N_("Cold call")),
        Entry(code="partner", label=N_("Partner")),
        Entry(code="recommendation", label=N_("Recommendation")),
        Entry(code="trade_show", label=N_("Trade show")),
        Entry(code="web", label=N_("Web site")),
        Entry(code="other", label=N_("Other")),
    ),
)
PROSPECT_STATUS = ListDef(
    key="contacts.prospect_status",
    label=N_("Prospect contact statuses"),
    entries=(
        Entry(code="do_not_contact", label=N_("Do not contact"), colour="#7a7f87", icon="slash-circle"),
        Entry(code="never_contacted", label=N_("Never contacted"), colour="#b8bec7", icon="circle"),
        Entry(code="to_contact", label=N_("To be contacted"), colour="#8a98d8", icon="telephone"),
        Entry(code="in_progress", label=N_("Contact in progress"), colour="#ffd267", icon="telephone-outbound"),
        Entry(code="contacted", label=N_("Contacted"), colour="#4f9d69", icon="check-circle"),
    ),
)
PROSPECT_LEVEL = ListDef(
    key="contacts.prospect_level",
    label=N_("Prospect levels"),
    entries=(
        Entry(code="none", label=N_("No potential"), colour="#b8bec7"),
        Entry(code="low", label=N_("Low"), colour="#8a98d8"),
        Entry(code="medium", label=N_("Medium"), colour="#ffd267"),
        Entry(code="high", label=N_("High"), colour="#4f9d69"),
    ),
)
ADDRESS_KIND = ListDef(
    key="contacts.address_kind",
    label=N_("Kinds of address"),
    entries=(
        Entry(code="work", label=N_("Work")),
        Entry(code="home", label=N_("At home")),
        Entry(code="headquarters", label=N_("Headquarters")),
        Entry(code="billing", label=N_("Billing")),
        Entry(code="delivery", label=N_("Delivery")),
        Entry(code="director", label=N_("Director")),
        Entry(code="assistant", label=N_("Assistant")),
        Entry(code="legal", label=N_("Legal representative")),
        Entry(code="other", label=N_("Other")),
    ),
)
RELATION = ListDef(
    key="contacts.relation",
    label=N_("Relationships"),
    entries=(
        Entry(code="supplies", label=N_("Supplier of"), values={"reverse": N_("Supplied by")}),
        Entry(code="partner", label=N_("Partner of"), values={"reverse": N_("Partner of")}),
        Entry(code="parent", label=N_("Parent company of"), values={"reverse": N_("Subsidiary of")}),
        Entry(code="assistant", label=N_("Assistant of"), values={"reverse": N_("Assisted by")}),
        Entry(code="manager", label=N_("Superior of"), values={"reverse": N_("Reports to")}),
        Entry(code="recommended", label=N_("Recommended"), values={"reverse": N_("Recommended by")}),
        Entry(code="family", label=N_("Family of"), values={"reverse": N_("Family of")}),
        Entry(code="adviser", label=N_("Adviser of"), values={"reverse": N_("Advised by")}),
    ),
    extra=(
        FieldDef(
            entity="contacts.relation",
            key="reverse",
            type=Text(120),
            label=N_("Seen from the other side"),
            help=N_("Such as “Supplied by” for “Supplier of”; empty when it reads the same"),
        ),
    ),
)
"""Relationships read from the first contact to the second; ``reverse`` is the same one read from the second (CT-74)."""

LISTS = (
    NATURE, TYPE, TEMPERATURE, QUALIFICATION, ROLE, INDUSTRY, SIZE, SOURCE, PROSPECT_STATUS, PROSPECT_LEVEL,
    ADDRESS_KIND, RELATION,
)  # fmt: skip

CODE = SequenceDef(key="contacts.code", label=N_("Customer codes"), mask="C{0:5}")
