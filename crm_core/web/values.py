"""A field's value as people read it, as HTML: links, colours, names, dates; everything in it is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from crm_core.contributions import FieldDef
from crm_core.fieldtypes.texts import shown_phone
from crm_core.i18n import N_, gettext
from crm_core.money import format_money
from crm_core.web import htmlparts
from crm_core.web.assets import icon_html

if TYPE_CHECKING:
    from crm_core.context import Ctx

Painter = Callable[["Ctx", FieldDef, Any, Any], Markup]
_NUM = Markup('<span class="num">{}</span>')


def value_html(
    ctx: Ctx, field: FieldDef, value: Any, label: Any = None, blank: str = "", values: Mapping[str, Any] | None = None
) -> Markup:
    """Return a value as HTML.

    Args:
        ctx: The operation.
        field: The field.
        value: Its Python value.
        label: The title of a linked record, a mapping of titles by id for several, the record's values for amounts.
        blank: What stands for no value.
        values: The record's values, by which some fields are coloured.
    """
    if value is None or value in ("", []):
        return Markup('<span class="none-value">{}</span>').format(blank) if blank else Markup("")
    if field.type.name == "computed":
        return value_html(ctx, result_of(field), value, label, blank)
    html = _PAINTERS.get(field.type.name, _text)(ctx, field, value, label)
    return _toned(ctx, field, values, html) if values is not None else html


def _toned(ctx: Ctx, field: FieldDef, values: Mapping[str, Any], html: Markup) -> Markup:
    """Return a value's HTML in the colour that the record's values give it, with a word for it."""
    found = field.tone.of(ctx, values) if field.tone is not None else None
    if found is None:
        return html
    colour, word = found
    mark = '<span class="tone tone-{}" title="{word}">{}<span class="visually-hidden"> ({word})</span></span>'
    return Markup(mark).format(colour, html, word=gettext(word))  # noqa: S704 - the mark is fixed


def result_of(field: FieldDef) -> FieldDef:
    """Return a computed field as a field of its result's type."""
    return replace(field, type=getattr(field.type, "of", field.type))


def record_link(ctx: Ctx, entity: str, record_id: int, title: str) -> Markup:
    """Return a link to a record that opens its card beside the page; its name alone when its plugin is off."""
    definition = ctx.registry.entities.get(entity)
    shown = title or f"#{record_id}"
    if definition is None:
        return escape(shown)
    url = f"/{definition.slug}/{record_id}"
    return Markup('<a class="value" href="{0}" data-peek="{0}/card">{1}</a>').format(url, shown)


def email_html(value: str) -> Markup:
    """Return an address one can write to."""
    return Markup('<a class="value" href="mailto:{0}">{0}</a>').format(value)


def phone_html(value: str) -> Markup:
    """Return a number one can call."""
    return Markup('<a class="value num" href="tel:{}">{}</a>').format(value, shown_phone(value))


def url_html(value: str) -> Markup:
    """Return a link to another site."""
    return Markup('<a class="value" href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(
        value, bare_url(value)
    )


def bare_url(address: str) -> str:
    """Return a web address as people read it: without scheme and closing slash."""
    return address.partition("://")[2].removeprefix("www.").rstrip("/") or address


def amount(ctx: Ctx, field: FieldDef, value: Any, values: Mapping[str, Any]) -> str:
    """Return an amount with its currency: the field's own, or that of the record's other field."""
    source = str(getattr(field.type, "currency", ""))
    found = values.get(source.removeprefix("field:")) if source.startswith("field:") else source
    return format_money(value, str(found or ctx.directory.default_currency))


def _text(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return escape(field.type.show(value, ctx))


def _number(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return _NUM.format(field.type.show(value, ctx))


def _percent(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return _NUM.format(f"{field.type.show(value, ctx)} %")


def _money(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    if isinstance(label, Mapping):
        return _NUM.format(amount(ctx, field, value, label))
    return _NUM.format(f"{field.type.show(value, ctx)} {label or ''}".rstrip())


def _time(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return Markup('<time class="num" datetime="{}">{}</time>').format(value.isoformat(), field.type.show(value, ctx))


def _choice(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    kind: Any = field.type
    entry = ctx.directory.entry(kind.list, value) if kind.list else None
    return htmlparts.choice(entry.title(), entry.colour) if entry is not None else _text(ctx, field, value, label)


def _choices(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    kind: Any = field.type
    found = [ctx.directory.entry(kind.list, code) for code in value] if kind.list else []
    tags = [htmlparts.tag(e.title(), e.colour) if e.colour else _plain_tag(e.title()) for e in found if e is not None]
    return _several(tags or [_plain_tag(kind.show([code], ctx)) for code in value])


def _plain_tag(text: str) -> Markup:
    return Markup('<span class="tag">{}</span>').format(text)


def _several(parts: list[Markup]) -> Markup:
    return Markup('<span class="tags">{}</span>').format(Markup("").join(parts))


def _tags(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    found = (ctx.directory.tag(tag_id) for tag_id in value)
    return _several([htmlparts.tag(t.name, t.colour) for t in found if t is not None])


def _user(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    name = field.type.show(value, ctx)
    return htmlparts.person(name) if name else Markup("")


def _users(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    found = (ctx.directory.user(user_id) for user_id in value)
    return _several([htmlparts.person(u.name) for u in found if u is not None])


def _link(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    kind: Any = field.type
    return record_link(ctx, kind.target, value, str(label or ""))


def _links(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    kind: Any = field.type
    titles = label if isinstance(label, Mapping) else {}
    return Markup(", ").join(record_link(ctx, kind.target, i, titles.get(i, "")) for i in value)


def _related(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    entity, _, number = str(value).partition(":")
    return record_link(ctx, entity, int(number or 0), str(label or ""))


def _rating(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    high = getattr(field.type, "high", 5)
    text = gettext(N_("%(n)s of %(high)s stars"), n=value, high=high)
    return htmlparts.stars(text, min(max(value, 0), high), high)


def _boolean(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    text = field.type.show(value, ctx)
    return Markup('<span class="yes">{} {}</span>').format(icon_html("check-lg"), text) if value else escape(text)


def _long(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return Markup('<span class="long">{}</span>').format(value)


def _rich(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return Markup('<div class="prose">{}</div>').format(Markup(value))  # noqa: S704 - sanitised when it was stored


def _image(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return Markup('<img class="avatar md square" src="/files/{}" alt="{}">').format(value, field.title())


def _file(ctx: Ctx, field: FieldDef, value: Any, label: Any) -> Markup:
    return Markup('<a class="value" href="/files/{}">{} {}</a>').format(
        value, icon_html("paperclip"), gettext(N_("File"))
    )


def first_line(ctx: Ctx, field: FieldDef, value: Any, label: Any = None) -> Markup:
    """Return the main value of the marked or first line, and how many more there are."""
    line = field.type.line  # type: ignore[attr-defined]
    chosen = next((item for item in value if item.get("primary") or item.get("is_default")), value[0])
    main = next(part for part in line.fields if part.key == line.main)
    names = (label or {}).get(line.main) if isinstance(label, Mapping) else None
    shown = value_html(ctx, main, chosen.get(line.main), (names or {}).get(chosen.get(line.main)))
    if len(value) == 1:
        return shown
    more = Markup('<span class="count" title="{}">+{}</span>').format(field.type.show(value, ctx), len(value) - 1)
    return Markup("{} {}").format(shown, more)


_PAINTERS: Mapping[str, Painter] = {
    "email": lambda ctx, field, value, label: email_html(value),
    "phone": lambda ctx, field, value, label: phone_html(value),
    "url": lambda ctx, field, value, label: url_html(value),
    "choice": _choice,
    "multichoice": _choices,
    "tags": _tags,
    "user": _user,
    "users": _users,
    "link": _link,
    "links": _links,
    "related": _related,
    "rating": _rating,
    "boolean": _boolean,
    "date": _time,
    "datetime": _time,
    "percent": _percent,
    "money": _money,
    "integer": _number,
    "decimal": _number,
    "duration": _number,
    "longtext": _long,
    "richtext": _rich,
    "image": _image,
    "file": _file,
    "lines": first_line,
}
