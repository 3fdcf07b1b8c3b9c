"""A page of its own: what each vehicle cost in each year, as far as the reader may see it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import flask

from crm_core.api import BlueprintDef, ListQuery, access, operation, records, render, signed_in
from crm_fleet.models import VEHICLE

Costs = dict[str, dict[int, Decimal]]


def blueprint() -> flask.Blueprint:
    """Return the pages; a new blueprint each time, because the application is made anew."""
    pages = flask.Blueprint("fleet", __name__, template_folder="templates")
    pages.add_url_rule("/costs", "costs", costs)
    return pages


@signed_in
def costs() -> str:
    """Show the costs by vehicle and year."""
    ctx = operation()
    access.require(ctx, VEHICLE, "read")
    found: Costs = {}
    query = ListQuery(fields=("plate", "services"), limit=500, count=False)
    for row in records.list_(ctx, VEHICLE, query).items:
        years: dict[int, Decimal] = defaultdict(Decimal)
        for line in row.values.get("services") or ():
            if line["day"] and line["cost"]:
                years[line["day"].year] += line["cost"]
        found[row.title] = years
    return render("fleet/costs.html", costs=found, years=sorted({y for by_year in found.values() for y in by_year}))


PAGES = BlueprintDef(blueprint=blueprint)
