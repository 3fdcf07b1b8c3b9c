"""What each kind of step does to a record, with the rights of the operation it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_automations import lists, values
from crm_core.api import N_, Ctx, Row, gettext, records

Step = Mapping[str, Any]


@dataclass
class Work:
    """One automation at work on one record; ``lines`` say what was done, ``after`` waits for the commit."""

    ctx: Ctx
    automation: Row
    entity: str
    record_id: int
    lines: list[str] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)

    @property
    def row(self) -> Row:
        """Return the record as it is now."""
        return records.read(self.ctx, self.entity, self.record_id)

    def text(self, step: Step) -> str:
        """Return the step's value with the record's values filled in."""
        return values.filled(self.ctx, self.entity, self.row, step["value"])

    def said(self, message: str, **params: Any) -> None:
        """Note what was done."""
        self.lines.append(gettext(message, **params))


def perform(work: Work, step: Step) -> None:
    """Do one step.

    Raises:
        CrmError: what a rule or a missing right refuses.
    """
    _STEPS[step["kind"]](work, step)


def _set(work: Work, step: Step) -> None:
    found = work.ctx.registry.field(work.entity, step["target"])
    text = work.text(step)
    records.update(work.ctx, work.entity, work.record_id, {found.key: values.raw(work.ctx, found.type, text)})
    work.said(N_("%(field)s: %(value)s"), field=found.title(), value=text)


def _assign(work: Work, step: Step) -> None:
    records.update(work.ctx, work.entity, work.record_id, {"owner": step["user"]})
    person = work.ctx.directory.user(step["user"])
    work.said(N_("Given to %(name)s"), name=person.name if person else "")


def _create(work: Work, step: Step) -> None:
    target = work.ctx.registry.entity(step["target"])
    given = values.values_of(work.ctx, target.key, work.entity, work.row, step["value"])
    made: Any = records.create(work.ctx, target.key, given)
    title = records.title_of(target, made)
    work.said(N_("Created: %(title)s (%(kind)s %(id)s)"), title=title, kind=gettext(target.label), id=made.id)


def _notify(work: Work, step: Step) -> None:
    text = work.text(step)
    work.after.append({"do": lists.NOTIFY, "user": step["user"], "text": text[:500]})
    person = work.ctx.directory.user(step["user"])
    work.said(N_("Told %(name)s: %(text)s"), name=person.name if person else "", text=text)


def _webhook(work: Work, step: Step) -> None:
    """Collect what is sent; names in the value say which fields go along."""
    row, fields = work.row, work.ctx.registry.fields(work.entity)
    wanted = [key for key in (step["value"] or "").replace(",", " ").split() if key in row.values]
    record = {
        "entity": work.entity, "id": row.id, "title": row.title,
        "values": {key: fields[key].type.dump(row.values[key]) for key in wanted},
    }  # fmt: skip
    work.after.append({"do": lists.WEBHOOK, "url": step["target"], "record": record})
    work.said(N_("Calls %(url)s"), url=step["target"])


def _action(work: Work, step: Step) -> None:
    given = values.values_of(work.ctx, "", work.entity, work.row, step["value"])
    records.act(work.ctx, work.entity, work.record_id, step["target"], given)
    label = next(a.label for a in work.ctx.registry.actions(work.entity) if a.name == step["target"])
    work.said(N_("%(action)s: done"), action=gettext(label))


_STEPS: Mapping[str, Callable[[Work, Step], None]] = {
    lists.SET: _set,
    lists.ASSIGN: _assign,
    lists.CREATE: _create,
    lists.NOTIFY: _notify,
    lists.WEBHOOK: _webhook,
    lists.ACTION: _action,
}
