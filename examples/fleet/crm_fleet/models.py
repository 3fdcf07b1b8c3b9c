"""Vehicles with their services, and the contacts who drive them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy.orm import Mapped

from crm_core import api as crm
from crm_core.api import N_, Line, Record, entity, field, lines

VEHICLE, ASSIGNMENT, CONTACT = "fleet.vehicle", "fleet.assignment", "contacts.contact"
WORK: Mapping[str, str] = {"inspection": N_("Inspection"), "repair": N_("Repair"), "tyres": N_("Tyres")}


class Service(Line):
    """One visit to the workshop."""

    __tablename__ = "fleet_service"
    __parent__ = "fleet_vehicle"
    __main__ = "work"
    work: Mapped[str] = field(crm.Choice(choices=WORK), label=N_("Work"), required=True)
    day: Mapped[dt.date | None] = field(crm.Date(), label=N_("Day"))
    mileage: Mapped[int | None] = field(crm.Integer(0), label=N_("Mileage"))
    cost: Mapped[Decimal | None] = field(crm.Money("EUR"), label=N_("Cost"))


class Vehicle(Record):
    """A company car."""

    __tablename__ = "fleet_vehicle"
    __entity__ = entity(
        VEHICLE, label=N_("Vehicle"), plural=N_("Vehicles"), slug="vehicles", title="plate", icon="fleet/car"
    )
    plate: Mapped[str] = field(crm.Text(12), label=N_("Plate"), required=True, unique=True, search=True)
    model: Mapped[str | None] = field(crm.Text(80), label=N_("Model"), search=True)
    status: Mapped[str] = field(crm.Choice("fleet.status"), label=N_("Status"), default="free", sortable=True)
    mileage: Mapped[int | None] = field(crm.Integer(0), label=N_("Mileage"))
    price: Mapped[Decimal | None] = field(crm.Money("EUR"), label=N_("Price"))
    inspection_on: Mapped[dt.date | None] = field(crm.Date(), label=N_("Next inspection"), index=True)
    services: Mapped[list[Service]] = lines(Service, label=N_("Services"))


class Assignment(Record):
    """A contact drives a vehicle for a time; open while it has no end."""

    __tablename__ = "fleet_assignment"
    __entity__ = entity(
        ASSIGNMENT, label=N_("Assignment"), plural=N_("Assignments"), slug="vehicle-assignments", icon="fleet/keys",
        comments=False, tags=False, follows=("vehicle", "contact"),
    )  # fmt: skip
    name: Mapped[str | None] = field(crm.Text(120), label=N_("Name"), readonly=True, search=True)
    vehicle_id: Mapped[int] = field(
        crm.Link(VEHICLE), label=N_("Vehicle"), required=True, fk="fleet_vehicle.id", index=True
    )
    contact_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Driver"), required=True, fk="contacts_contact.id", index=True
    )
    since: Mapped[dt.date] = field(crm.Date(), label=N_("From"), required=True, default=lambda ctx: ctx.now.date())
    until: Mapped[dt.date | None] = field(crm.Date(), label=N_("To"))
