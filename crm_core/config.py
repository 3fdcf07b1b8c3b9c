"""Deployment settings from ``CRM_*`` variables and ``crm.toml``, as one frozen object."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from crm_core.errors import CrmError

_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Config:
    """Everything a deployment decides outside the database.

    Each name is read from ``CRM_<NAME>``, else from ``crm.toml`` in ``home``, else the default stands.
    Sizes are bytes, durations seconds. ``files_url`` is where the bytes of files lie, such as ``s3://bucket/prefix``,
    ``files_options`` what that storage wants to know, as JSON.
    """

    home: Path = Path("instance")
    database_url: str = ""
    base_url: str = ""
    files_url: str = ""
    files_options: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    secure_cookies: bool = False
    session_hours: int = 24 * 14
    session_idle_hours: int = 24 * 3
    max_upload: int = 100 * 1024 * 1024
    max_body: int = 2 * 1024 * 1024
    worker: str = "inline"
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "crm@example.org"
    phone_region: str = "FR"
    language: str = "en"
    timezone: str = "UTC"
    safe_mode: bool = False
    debug: bool = False
    trusted_proxies: int = 0

    @property
    def url(self) -> str:
        """Return the database URL, SQLite in ``home`` unless one is set."""
        return self.database_url or f"sqlite:///{self.home / 'crm.sqlite3'}"

    @property
    def files(self) -> Path:
        """Return the folder of stored files; of what is on its way where they lie elsewhere."""
        return self.home / "files"

    @property
    def plugins(self) -> Path:
        """Return the folder of the deployment's own plugins."""
        return self.home / "plugins"


def _convert(name: str, kind: Any, value: Any) -> Any:
    try:
        if kind == "Path":
            return Path(str(value)).expanduser().absolute()
        if kind == "bool":
            return value if isinstance(value, bool) else str(value).strip().lower() in _TRUE
        return int(value) if kind == "int" else str(value)
    except ValueError as exc:
        raise CrmError(
            "Setting CRM_%(name)s: %(value)s is not a whole number",
            params={"name": name.upper(), "value": repr(value)},
        ) from exc


def load_config(environ: Mapping[str, str] | None = None, **overrides: Any) -> Config:
    """Read the deployment's settings; ``overrides`` win over environment and file.

    Raises:
        CrmError: a value of the wrong type, or a name in ``crm.toml`` that is unknown.
    """
    env = os.environ if environ is None else environ
    home = Path(overrides.get("home") or env.get("CRM_HOME") or "instance").expanduser().absolute()
    path = home / "crm.toml"
    stored = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    known = {f.name: f.type for f in fields(Config)}
    if unknown := sorted(set(stored) - set(known)):
        raise CrmError("crm.toml: unknown setting %(name)s", params={"name": unknown[0]})
    values: dict[str, Any] = {"home": home}
    for name, kind in known.items():
        for source in (overrides.get(name), env.get(f"CRM_{name.upper()}"), stored.get(name)):
            if source is not None and name != "home":
                values[name] = _convert(name, kind, source)
                break
    return Config(**values)
