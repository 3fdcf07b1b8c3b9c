"""The animals: what each is made of, which state it ends in, and the words by which it is recognised."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crm_core.plugin_states import State

HEAD = """# /// crm-plugin
# name = "{name}"
# title = "{name}"
# core = "{core}"
# requires = [{requires}]
# ///
from crm_core.api import *
"""
REVISION = '''"""Initial."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade():
    op.create_table("{name}_cage", sa.Column("id", sa.Integer, primary_key=True))
    {more}


def downgrade():
    op.drop_table("{name}_cage")
'''


@dataclass(frozen=True)
class Animal:
    """One broken plugin.

    ``words`` stand on its page, ``{file}`` in them for its file. ``others`` are plugins it needs around it.
    ``revision`` is what its first revision does beside making a table; with it the plugin is a package.
    """

    name: str
    code: str = ""
    state: State = State.BROKEN
    words: tuple[str, ...] = ()
    core: str = ">=0.1"
    requires: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    revision: str = ""
    text: str = ""
    """The whole file, where the block itself is wrong."""
    visit: tuple[str, ...] = field(default=("/",))
    """Pages to open before it shows."""


def put(folder: Path, animal: Animal) -> None:
    """Write a broken plugin, and what it needs around it, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    requires = ", ".join(f'"{name}"' for name in animal.requires)
    head = HEAD.format(name=animal.name, core=animal.core, requires=requires)
    if animal.revision:
        _package(folder / animal.name, animal, head)
    else:
        (folder / f"{animal.name}.py").write_text(animal.text or head + animal.code, "utf-8")
    for name in animal.others:
        put(folder, BY_NAME[name])


def _package(place: Path, animal: Animal, head: str) -> None:
    (place / "migrations").mkdir(parents=True)
    toml = [line.removeprefix("# ") for line in head.splitlines() if line.startswith("# ") and "///" not in line]
    (place / "plugin.toml").write_text("\n".join(toml), "utf-8")
    (place / "plugin.py").write_text(f"from crm_core.api import *\n{animal.code}", "utf-8")
    (place / "migrations" / "0001.py").write_text(REVISION.format(name=animal.name, more=animal.revision), "utf-8")


def _hook(signature: str, body: str = 'raise RuntimeError("stuck in the cage")') -> str:
    return f"\n@hookimpl\ndef {signature}:\n    {body}\n"


_STUCK = ("{file}, line 11", "RuntimeError: stuck in the cage")
_CLASH = _hook("crm_contribute()", 'return [ListDef(key="zoo.cages", label="Cages")]')
_PAGE = """
def page():
    import flask
    made = flask.Blueprint("gate", __name__)
    @made.get("/in")
    def enter():
        return "in"
    return made
""" + _hook("crm_contribute()", "return [BlueprintDef(blueprint=page)]")

_MODEL = """
from sqlalchemy.orm import Mapped, mapped_column
from crm_core.db import Base

class Cage(Base):
    __tablename__ = "drift_cage"
    id: Mapped[int] = mapped_column(primary_key=True)
    bars: Mapped[int | None] = mapped_column()
"""

ANIMALS = (
    Animal("importer", 'raise RuntimeError("stuck in the cage")', words=("{file}, line 8", "stuck in the cage")),
    Animal("syntax", "def f(:\n", words=("{file}, line 8", "SyntaxError")),
    Animal("blockless", text="from crm_core.api import hookimpl\n", words=("{file}", "# /// crm-plugin")),
    Animal("badblock", text="# /// crm-plugin\n# name = 3\n# ///\n", words=("{file}", "name must be a text")),
    Animal("future", core=">=99", state=State.INCOMPATIBLE, words=(">=99",)),
    Animal("contribute", _hook("crm_contribute()"), words=_STUCK),
    Animal("nonsense", _hook("crm_contribute()", "return [3]"), words=("3 is not a contribution",)),
    Animal("unknown", _hook("crm_feed()"), words=("crm_feed",)),
    Animal("before", _hook("crm_before_write(ctx, change)"), State.ACTIVE, ("crm_before_write", *_STUCK)),
    Animal("validate", _hook("crm_validate(ctx, change)"), State.ACTIVE, ("crm_validate", *_STUCK)),
    Animal("after", _hook("crm_after_write(ctx, change)"), State.ACTIVE, ("crm_after_write", *_STUCK)),
    Animal("scope", _hook("crm_record_scope(ctx, entity, action)"), State.ACTIVE, ("crm_record_scope", *_STUCK)),
    Animal("slot", _hook("crm_render_slot(ctx, slot, subject)"), State.ACTIVE, ("crm_render_slot", *_STUCK)),
    Animal("search", _hook("crm_search(ctx, text, entities)"), State.ACTIVE, ("crm_search", *_STUCK),
           visit=("/search?q=ada", "/")),
    Animal("authenticate", _hook("crm_authenticate(request)"), State.ACTIVE, ("crm_authenticate", *_STUCK)),
    Animal("state", _hook("crm_plugin_state(ctx, old, new)"), State.AVAILABLE),
    Animal("sql", "import sqlalchemy as sa\n" + _hook("crm_render_slot(ctx, slot, subject)",
           'ctx.session.execute(sa.select(sa.column("nonsense")).select_from(sa.table("nowhere")))'), State.ACTIVE,
           ("crm_render_slot", "nowhere")),
    Animal("panel", "def show(ctx, record):\n    raise RuntimeError('stuck in the cage')\n" + _hook("crm_contribute()",
           'return [Panel(key="p", label="Panel", render=show)]'), State.ACTIVE, ("panel p", "line 9", "stuck")),
    Animal("command", "def made():\n    raise RuntimeError('stuck in the cage')\n" + _hook("crm_contribute()",
           "return [CliGroup(command=made)]"), State.ACTIVE, ("CliGroup (RuntimeError: stuck in the cage)",)),
    Animal("slow", "WAIT = [1.1]\n" + _hook("crm_render_slot(ctx, slot, subject)",
           "import time; time.sleep(WAIT.pop() if WAIT else 0); return ()"),
           State.ACTIVE, ("crm_render_slot", "took 1.")),
    Animal("clash", _CLASH, words=("zoo.cages is claimed by both cages and clash",), others=("cages",)),
    Animal("cages", _CLASH, State.ACTIVE),
    Animal("hen", requires=("egg",), others=("egg",), words=("hen", "egg", "wait for each other")),
    Animal("egg", requires=("hen",)),
    Animal("lonely", requires=("nobody",), state=State.BLOCKED, words=("nobody", "Not installed")),
    Animal("gate", _PAGE, words=("/gate/in", "does not say who may call it", "{file}, line 12")),
    Animal("failing", revision='op.execute("SELECT nonsense FROM nowhere")', state=State.PENDING, words=("nowhere",)),
    Animal("drift", _MODEL, revision="pass", state=State.ACTIVE),
)  # fmt: skip
"""Every animal. Those that only others need are fine by themselves."""

BY_NAME = {animal.name: animal for animal in ANIMALS}
