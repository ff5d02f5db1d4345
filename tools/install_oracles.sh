#!/usr/bin/env bash
# Installs what some tests compare with, from Debian: qemu-riscv64 runs the machine's programs, jq answers the same
# questions as the example `query`, PostgreSQL keeps the agent's journal, and Chromium shows the console. What is there
# already is left alone.
set -euo pipefail

packages=()
command -v qemu-riscv64 > /dev/null || packages+=(qemu-user)
command -v jq > /dev/null || packages+=(jq)
command -v initdb > /dev/null || compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null || packages+=(postgresql)
command -v chromium > /dev/null || command -v chromium-browser > /dev/null || packages+=(chromium)
[ ${#packages[@]} -eq 0 ] && exit 0

if ! command -v apt-get > /dev/null; then
  echo "This is not Debian: install ${packages[*]} in its own way." >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2> /dev/null; then
    echo "Root is needed: run \`apt-get install --no-install-recommends ${packages[*]}\` as root, and try again." >&2
    exit 1
  fi
  as_root=(sudo -n)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3 || echo "The lists of packages cannot be brought up to date; trying with the old ones." >&2
"${as_root[@]}" apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends "${packages[@]}"
