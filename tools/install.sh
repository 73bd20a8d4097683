#!/usr/bin/env bash
# tools/install.sh run|azure|test|proof|bench|security: makes .venv and installs the locked packages into it; `azure` adds what Azure SQL,
# identities and Azure Monitor need, `test` what the tests need (an OpenID provider from npm, too), `proof` what the long proofs need besides, `bench` what our sagas are
# compared with.
# Asks nothing, changes nothing when all is in place, and works without a network then. Writes into the checkout only,
# but for the Debian packages that `test` adds where it may.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}
if [ "$purpose" = security ]; then # semgrep's packages do not go with ours: an environment of its own
  state=$(cksum <requirements-security.lock)
  [ "$(cat var/security/installed 2>/dev/null)" = "$state" ] && exit 0
  .venv/bin/python -m venv --clear var/security
  echo "installing the packages of requirements-security.lock"
  export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
  .venv/bin/uv pip install --quiet --no-cache --python var/security/bin/python --require-hashes -r requirements-security.lock ||
    var/security/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r requirements-security.lock
  echo "$state" >var/security/installed
  exit 0
fi
lock=requirements.lock
[ "$purpose" = run ] || lock=requirements-$purpose.lock
stamp=.venv/installed-$purpose

python_packages() {
  local state
  state=$(cat "$lock" requirements-uv.lock setup.cfg pyproject.toml | cksum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && [ -x .venv/bin/cloudsales ] && return
  [ -x .venv/bin/python ] || make_venv
  echo "installing the packages of $lock"
  .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-uv.lock 2>/dev/null || true
  if ! { [ -x .venv/bin/uv ] && with_uv; }; then
    .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e .
  fi
  echo "$state" >"$stamp"
}

with_uv() { # seconds where pip takes a minute; pip stands in, and speaks, where uv cannot reach what pip can
  export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
  local uv=(.venv/bin/uv pip install --quiet --no-cache --python .venv/bin/python)
  "${uv[@]}" --require-hashes -r "$lock" 2>/dev/null && "${uv[@]}" --no-deps --no-build-isolation -e . 2>/dev/null
}

make_venv() {
  local python
  for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    "$python" -m venv .venv && return
    echo "$python cannot make a virtual environment: apt-get install python3-venv" >&2
    exit 1
  done
  echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=…" >&2
  exit 1
}

# What the tests drive besides Python: a browser, a second database, the gateway. Left out where it cannot be had.
system_packages() {
  local missing=()
  command -v "${CHROMIUM:-chromium}" >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
  command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
  mkdir -p var
  : >var/left-out
  [ ${#missing[@]} = 0 ] && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian packages: ${missing[*]}"
    with_services_off debian_packages "${missing[@]}" >var/apt.log 2>&1 && return
    echo "Debian packages could not be installed, see var/apt.log" >&2
  fi
  echo "${missing[*]}" >var/left-out
  echo "left out: ${missing[*]} (install with: apt-get install ${missing[*]})"
}

# An OpenID provider that others wrote, for the tests of single sign-on: three seconds, into tests/oidc/node_modules.
oidc_provider() {
  local folder=tests/oidc state
  command -v npm >/dev/null && node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null || {
    echo "left out: single sign-on against a real provider (needs Node.js 20 or newer, with npm)"
    return 0
  }
  state=$(cksum <$folder/package-lock.json)
  [ "$(cat $folder/node_modules/installed 2>/dev/null)" = "$state" ] && return 0
  echo "installing the packages of $folder/package-lock.json"
  npm ci --prefix $folder --ignore-scripts --no-audit --no-fund --loglevel=error >var/npm.log 2>&1 || {
    echo "left out: single sign-on against a real provider (npm cannot fetch it, see var/npm.log)"
    return 0
  }
  echo "$state" >$folder/node_modules/installed
}

debian_packages() {
  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

with_services_off() { # a server that a package brings must not start by itself on this machine
  local policy=/usr/sbin/policy-rc.d made=no status=0
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=yes; fi
  "$@" || status=$?
  [ $made = yes ] && rm -f $policy
  return $status
}

python_packages
.venv/bin/python tools/translations.py compile
case $purpose in test | proof) system_packages && oidc_provider ;; esac
exit 0
