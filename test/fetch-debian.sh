#!/usr/bin/env bash
# Unpacks the Debian packages of CrowdSec that the tests run into node_modules/.debian/, unless they are there. Nothing is
# installed: their installation would register this machine with a service on the internet.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/node_modules/.debian
programs=(crowdsec cscli crowdsec-firewall-bouncer crowdsec-custom-bouncer)
packages=(crowdsec crowdsec-firewall-bouncer crowdsec-custom-bouncer)

is_complete() {
  local program
  for program in "${programs[@]}"; do [ -x "$folder/usr/bin/$program" ] || return 1; done
}

if is_complete; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download() { (cd "$work" && apt-get -q -o APT::Sandbox::User= download "${packages[@]}"); }
if ! download; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "apt knows no ${packages[*]}: apt-get update as root, then again $0" >&2
    exit 1
  fi
  apt-get update -q
  download
fi
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$work/tree" "$folder"
is_complete
