"""Writes the beginning of a plugin: a project with entities, or a single file; both run without being edited."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from crm_core import __version__
from crm_core.errors import Conflict, Invalid, Problem
from crm_core.i18n import N_
from crm_core.manifest import NAME_LENGTH, RESERVED, is_name

FILES = Path(__file__).parent / "files"

PROJECT: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml",
    "readme.md": "README.md",
    "init.py": "crm_{name}/__init__.py",
    "plugin.toml": "crm_{name}/plugin.toml",
    "plugin.py": "crm_{name}/plugin.py",
    "models.py": "crm_{name}/models.py",
    "views.py": "crm_{name}/views.py",
    "rules.py": "crm_{name}/rules.py",
    "fr.po": "crm_{name}/translations/fr.po",
    "test_conformance.py": "tests/test_conformance.py",
    "test_plugin.py": "tests/test_{name}.py",
}
"""Templates, and the files of the project they become."""


@dataclass(frozen=True)
class Kind:
    """One entity of the new plugin, with the words made of its name."""

    plugin: str
    name: str

    @property
    def key(self) -> str:
        """Return the entity's key."""
        return f"{self.plugin}.{self.name}"

    @property
    def model(self) -> str:
        """Return the name of the class."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def label(self) -> str:
        """Return the word people read."""
        return self.name.replace("_", " ").capitalize()

    @property
    def plural(self) -> str:
        """Return the word for several."""
        stem, label = self.label[:-1], self.label
        if label.endswith("y") and label[-2:-1] not in "aeiou":
            return f"{stem}ies"
        return f"{label}es" if label.endswith(("s", "x", "ch", "sh")) else f"{label}s"

    @property
    def slug(self) -> str:
        """Return the address; it carries the plugin's name, so that it clashes with no other."""
        plural = self.plural.lower().replace(" ", "-")
        return plural if self.name == self.plugin else f"{self.plugin.replace('_', '-')}-{plural}"


def write_project(folder: Path, name: str, entities: Iterable[str] = ()) -> Path:
    """Write the project of a plugin into ``folder/<name>`` and return that; one entity of the same name unless given.

    Raises:
        Invalid: a name that can't be one.
        Conflict: there is something already.
    """
    kinds = [Kind(name, one) for one in dict.fromkeys(entities or (name,))]
    _check([name, *(k.name for k in kinds)])
    target = folder / name
    if target.exists():
        raise Conflict(N_("%(file)s is there already; choose another name or folder"), params={"file": str(target)})
    values = {"name": name, "title": Kind(name, name).label, "kinds": kinds, "core": __version__}
    texts = {place.format(name=name): _filled(f"package/{template}", values) for template, place in PROJECT.items()}
    for place, text in texts.items():
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    _write_revision(target, name)
    return target


def write_file(folder: Path, name: str, entity: str = "*") -> Path:
    """Write a plugin of a single file, a field on an entity (``*``: on all), and return it.

    Raises:
        Invalid: a name that can't be one.
        Conflict: there is something already.
    """
    _check([name])
    target = folder / f"{name}.py"
    if target.exists() or (folder / name).exists():
        raise Conflict(N_("%(file)s is there already; choose another name or folder"), params={"file": str(target)})
    folder.mkdir(parents=True, exist_ok=True)
    values = {"name": name, "title": Kind(name, name).label, "entity": entity, "core": __version__}
    target.write_text(_filled("single.py", values), "utf-8")
    return target


def _check(names: Iterable[str]) -> None:
    for name in names:
        if not is_name(name) or keyword.iskeyword(name) or name in RESERVED:
            message = N_("%(name)s can't be a name: lower-case letters, digits and single underscores, at most %(n)s")
            raise Invalid([Problem(None, "name", message, {"name": name[:60], "n": NAME_LENGTH})])


def _filled(template: str, values: Mapping[str, Any]) -> str:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FILES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        variable_start_string="[[", variable_end_string="]]", block_start_string="[%", block_end_string="%]",
        trim_blocks=True, autoescape=False,  # noqa: S701 - what is written is code, not a page
    )  # fmt: skip
    return re.sub(r"\n{4,}", "\n\n\n", made.get_template(f"{template}.txt").render(values))


def _write_revision(project: Path, name: str) -> None:
    """Write the first revision from the models, in a process of its own: this one must not know the tables."""
    code = (
        "import importlib, pathlib, sys; sys.path.insert(0, sys.argv[1]); name = sys.argv[2]\n"
        "from crm_core import migrations, models, revision_writer\n"
        "importlib.import_module(f'crm_{name}.models')\n"
        "folder = pathlib.Path(sys.argv[1], f'crm_{name}', 'migrations')\n"
        "before = [(migrations.KERNEL_NAME, migrations.KERNEL_FOLDER)]\n"
        "revision_writer.write_revision(name, folder, 'initial', requires=before)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(project), name], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
