#!/usr/bin/env bash
# Write requirements.lock: every third-party package of the core, its extras, the development group and all plugins,
# for every platform, with hashes and without registry addresses.
#
#   scripts/lock.sh                          keep existing pins, add what is new, drop what is unused
#   scripts/lock.sh --upgrade                move everything to the newest versions
#   scripts/lock.sh --upgrade-package NAME   move one package
set -euo pipefail
cd "$(dirname "$0")/.."

own=()
for file in pyproject.toml plugins/*/pyproject.toml; do
  own+=(--no-emit-package "$(sed -n 's/^name = "\(.*\)"$/\1/p' "$file" | head -n 1)")
done

scripts/setup.sh --uv-only
exec .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --all-extras --group dev "${own[@]}" \
  pyproject.toml plugins/*/pyproject.toml --output-file requirements.lock "$@"
