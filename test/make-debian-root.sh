#!/usr/bin/env bash
# Makes the Debian that the tests boot under systemd, unless it is there. It takes a minute or two and lies outside of
# node_modules, which `npm ci` empties. Programs of this machine run in it, so it is of the same release.
set -euo pipefail

folder=/var/cache/fail2networkban-tests
packages=(systemd systemd-sysv dbus fail2ban python3-systemd nftables iproute2 procps libstdc++6)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
content="$suite ${packages[*]}"

is_made() { [ -d "$folder/debian" ] && [ "$(cat "$folder/debian.content" 2>/dev/null)" = "$content" ]; }

if is_made; then exit 0; fi
if [ "$(id -u)" -ne 0 ]; then
  echo "only root can make the Debian that tests boot: run $0 as root" >&2
  exit 1
fi
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
if is_made; then exit 0; fi
rm -rf "$folder/debian" "$folder/debian.content"
mmdebstrap --quiet --variant=essential --include="$(IFS=,; echo "${packages[*]}")" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  "$suite" "$folder/debian"
echo "$content" > "$folder/debian.content"
