#!/usr/bin/env bash
# What the tests need from the operating system: a browser, PostgreSQL's server programs and a font.
# Installs what is missing as root on Debian or Ubuntu; elsewhere says exactly what to install and fails.
set -euo pipefail

missing=()

has_any() {
  local name
  for name in "$@"; do
    if command -v "$name" >/dev/null; then return 0; fi
  done
  return 1
}

has_browser() {
  [ -n "${CRM_TEST_CHROMIUM:-}" ] || has_any chromium chromium-headless-shell chromium-browser google-chrome
}

has_postgres() {
  [ -n "${CRM_TEST_PG_URL:-}" ] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has_any initdb
}

has_font() {
  compgen -G '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' >/dev/null ||
    { has_any fc-list && fc-list | grep -qi dejavu; }
}

look() {
  missing=()
  has_browser || missing+=(chromium)
  has_postgres || missing+=(postgresql)
  has_font || missing+=(fonts-dejavu-core)
}

look
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  {
    echo "The tests need programs that are not installed here. Install them and run again:"
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
  } >&2
  exit 1
fi

echo "installing system packages: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=600 update >&2
apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >&2

look
if [ ${#missing[@]} -gt 0 ]; then
  echo "still missing after the installation: ${missing[*]}" >&2
  exit 1
fi
