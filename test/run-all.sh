#!/usr/bin/env bash
# Every check there is: Debian's packages that the tests drive, a Debian that they boot, build and types, lint, unused
# code, all tests. A skipped test fails the run: a check that did not happen is not a check that passed.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(faketime fail2ban nftables iproute2 sqlite3 systemd openssh-client openssh-server procps ipset iptables strace
  mmdebstrap systemd-container)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "missing Debian packages: ${missing[*]}; run as root, or install them first" >&2
    exit 1
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

test/fetch-debian.sh
test/make-debian-root.sh

rm -rf dist
npm run build --silent
npm run lint --silent

summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
mapfile -t files < <(find dist/test -name '*.test.js' | sort)
status=0
# A file for each processor: most of them wait for programs, timers and disks.
node --enable-source-maps --test --test-concurrency="$(nproc)" --test-timeout=1800000 --test-reporter=spec "${files[@]}" | tee "$summary" || status=$?
for kind in skipped todo cancelled; do
  count=$(sed -n "s/^ℹ $kind \([0-9]*\)$/\1/p" "$summary")
  if [ "${count:-0}" != 0 ]; then
    echo "FAILED: $count tests $kind"
    grep -E "# (SKIP|TODO)|﹣" "$summary" || true
    status=1
  fi
done
exit "$status"
