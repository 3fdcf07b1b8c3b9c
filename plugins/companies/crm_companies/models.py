"""The companies of the group, and who works for which of them."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from crm_core import api as crm
from crm_core.api import N_, Record, entity, field, many

COMPANY, MEMBERSHIP = "companies.company", "companies.membership"


class Company(Record):
    """A company of one's own group; not to be confused with the companies one does business with."""

    __tablename__ = "companies_company"
    __entity__ = entity(
        COMPANY,
        label=N_("Group company"),
        plural=N_("Group companies"),
        slug="group-companies",
        icon="buildings",
        visibility="read",
        comments=False,
        tags=False,
        admin_actions=("create", "update", "delete"),
        for_rules=True,
    )
    name: Mapped[str] = field(
        crm.Text(120), label=N_("Name"), required=True, unique=True, search=True, index=True
    )  # fmt: skip
    description: Mapped[str | None] = field(crm.LongText(), label=N_("Description"))


class Membership(Record):
    """The companies one person works for, the main one, and the one he looks at now."""

    __tablename__ = "companies_membership"
    __entity__ = entity(
        MEMBERSHIP,
        label=N_("Membership"),
        plural=N_("Memberships"),
        slug="company-memberships",
        icon="person-badge",
        visibility="read",
        comments=False,
        tags=False,
        admin_actions=("read", "create", "update", "delete", "export"),
        for_rules=True,
    )
    user_id: Mapped[int] = field(crm.User(), label=N_("Person"), required=True, unique=True)
    name: Mapped[str | None] = field(crm.Text(120), label=N_("Name"), readonly=True, search=True, index=True)
    companies = many(crm.Links(COMPANY), label=N_("Group companies"), required=True)
    main_id: Mapped[int | None] = field(
        crm.Link(COMPANY), label=N_("Main company"), fk="companies_company.id",
        help=N_("New records of the person belong to it; the first company unless given"),
    )  # fmt: skip
    active_id: Mapped[int | None] = field(
        crm.Link(COMPANY), label=N_("Active company"), fk="companies_company.id",
        help=N_("The only one whose records the person sees now; none: those of all the person's companies"),
    )  # fmt: skip
