"""How vehicles and assignments are listed, and where the menu leads to them."""

from __future__ import annotations

from crm_core.api import N_, Board, MenuItem, SavedFilter, ViewDef
from crm_fleet.models import ASSIGNMENT, VEHICLE

VIEWS = (
    ViewDef(
        entity=VEHICLE,
        columns=("plate", "model", "status", "mileage", "inspection_on"),
        sort="plate",
        quick=("status",),
        saved=(
            SavedFilter(key="all", label=N_("All vehicles"), filter=""),
            SavedFilter(key="due", label=N_("Inspection within a month"), filter="inspection_on <= +30d"),
        ),
        status="status",
        board=Board(by="status", sum="price", card=("model", "mileage", "inspection_on")),
    ),
    ViewDef(entity=ASSIGNMENT, columns=("name", "vehicle", "contact", "since", "until"), sort="-since"),
)
MENU = (
    MenuItem(label=N_("Vehicles"), url="/vehicles", icon="fleet/car", weight=60, entity=VEHICLE),
    MenuItem(label=N_("Costs of vehicles"), url="/fleet/costs", icon="cash-coin", weight=61, entity=VEHICLE),
)
