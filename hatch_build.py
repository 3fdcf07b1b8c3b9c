"""Build hook of the core's wheel: makes the front-end assets that the wheel carries."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Assets(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the front-end build for release wheels; editable installs get theirs from scripts/setup.sh."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build into crm_core/static/dist unless CRM_SKIP_ASSETS is set."""
        if self.target_name != "wheel" or version == "editable" or os.environ.get("CRM_SKIP_ASSETS"):
            return
        frontend = Path(self.root, "frontend")
        out = Path(self.root, "crm_core", "static", "dist")
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise RuntimeError("a wheel needs node and npm; CRM_SKIP_ASSETS=1 uses existing assets")
        subprocess.run([npm, "ci", "--loglevel=error"], cwd=frontend, check=True)
        environment = {**os.environ, "CRM_ASSETS_OUT": str(out)}
        subprocess.run([node, "build.mjs"], cwd=frontend, check=True, env=environment)
