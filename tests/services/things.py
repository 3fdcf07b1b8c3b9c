"""An entity of the tests' own."""

from sqlalchemy.orm import Mapped

from crm_core.contributions import Entry, FieldDef, ListDef
from crm_core.entities import Record, entity, field, many
from crm_core.fieldtypes import Choice, Image, Integer, MultiChoice, Text


class Thing(Record):
    __tablename__ = "test_thing"
    __entity__ = entity("test.thing", label="Thing", plural="Things", slug="things")
    name: Mapped[str] = field(Text(120), label="Name", required=True, search=True, sortable=True)
    kind: Mapped[str | None] = field(Choice("test.kind"), label="Kind")
    photo: Mapped[int | None] = field(Image(), label="Photo", sortable=False)
    size: Mapped[int | None] = field(Integer(), label="Size")
    colours = many(MultiChoice("test.colour"), label="Colours")


THINGS = [
    Thing,
    ListDef(
        key="test.kind",
        label="Kinds",
        entries=(
            Entry(code="big", label="Big", colour="#ff0000", role="default"),
            Entry(code="small", label="Small"),
            Entry(code="odd", label="Odd"),
        ),
        roles=(("default", "Default"), ("end", "End")),
        extra=(FieldDef(entity="", key="weight", type=Integer(0, 100), label="Weight"),),
    ),
    ListDef(key="test.colour", label="Colours", entries=(Entry(code="red", label="Red"),), user_extensible=True),
    ListDef(key="test.fixed", label="Fixed", entries=(Entry(code="a", label="A"),), fixed=True),
]
