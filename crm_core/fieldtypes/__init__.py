"""One class a field type; plugins may contribute more."""

from crm_core.fieldtypes.base import FieldType
from crm_core.fieldtypes.choices import Choice, Country, Currency, Language, MultiChoice
from crm_core.fieldtypes.chosen import ChosenText, Pickers
from crm_core.fieldtypes.dates import Date, DateTime
from crm_core.fieldtypes.links import Link, Links, Related, Tags, Team, User, Users, may_make_tags
from crm_core.fieldtypes.numbers import Boolean, Decimal, Duration, Integer, Money, Percent, Rating
from crm_core.fieldtypes.parts import Address, Computed, File, Image, Lines
from crm_core.fieldtypes.texts import Email, LongText, Phone, RichText, Text, Url

BUILT_IN: tuple[type[FieldType], ...] = (
    Text, LongText, RichText, Integer, Decimal, Money, Percent, Rating, Boolean, Date, DateTime, Duration,
    Email, Phone, Url, Choice, MultiChoice, Country, Currency, Language, Tags, User, Users, Team, Link, Links,
    Related, Lines, Address, Image, File, Computed,
)  # fmt: skip
CUSTOM_TYPES: dict[str, type[FieldType]] = {t.name: t for t in BUILT_IN if t.custom}

__all__ = [
    "BUILT_IN", "CUSTOM_TYPES", "Address", "Boolean", "Choice", "ChosenText", "Computed", "Country", "Currency", "Date",
    "DateTime", "Decimal", "Duration", "Email", "FieldType", "File", "Image", "Integer", "Language", "Lines",
    "Link", "Links", "LongText", "Money", "MultiChoice", "Percent", "Phone", "Pickers", "Rating", "Related", "RichText",
    "Tags", "Team", "Text", "Url", "User", "Users", "may_make_tags",
]  # fmt: skip
