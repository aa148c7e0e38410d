#!/bin/bash
# Debian packages whose files go into a test guest; sourced. They are
# downloaded and unpacked, never installed, and kept in $CACHE/debs.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/earshot/guest

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

say() { echo "guest: $*" >&2; }

# The names of the packages that can be downloaded and match a grep -E pattern.
package_names() {
  apt-cache pkgnames | grep -E "^($1)\$" || true
}

# Prints the newest kernel package that has virtio_snd: 6.12 if there is one
# (Debian 12's own 6.1 has no CONFIG_SND_VIRTIO, cloud flavors have no sound).
# Its name changes with every update of Debian.
kernel_package() {
  local names
  names=$(package_names 'linux-image-6\.(1[2-9]|[2-9][0-9])\.[0-9]+\+deb[0-9]+-amd64' | sort -V)
  { grep -F -- '-6.12.' <<<"$names" || echo "$names"; } | tail -n 1
}

# Prints "name version" for each package.
package_versions() {
  apt-cache show --no-all-versions "$@" | awk '
    $1 == "Package:" { name = $2 }
    $1 == "Version:" { print name, $2 }'
}

# fetch_deb NAME VERSION: downloads it unless it is there; prints its path.
fetch_deb() {
  local name=$1 version=$2 file tmp
  for file in "$CACHE/debs/${name}_${version//:/%3a}_"*.deb; do
    if [ -f "$file" ]; then
      echo "$file"
      return
    fi
  done
  mkdir -p "$CACHE/debs"
  tmp=$(mktemp -d "$CACHE/debs/tmp.XXXXXX")
  # An index that is days old names files that are gone: one more try.
  if ! download_into "$tmp" "$name=$version" && ! { update_index && download_into "$tmp" "$name=$version"; }; then
    rm -rf "$tmp"
    say "cannot download $name $version"
    return 1
  fi
  file=$(basename "$tmp"/*.deb)
  mv -f "$tmp/$file" "$CACHE/debs/$file"
  rmdir "$tmp"
  echo "$CACHE/debs/$file"
}

download_into() {
  (cd "$1" && apt-get -qq -o APT::Sandbox::User=root download "$2" >&2)
}

update_index() {
  say "updating the package index"
  as_root apt-get -qq update >&2
}

# cached DIR: whether it is there; then it stays for another month.
cached() { [ -d "$1" ] && touch "$1"; }

# publish TMP DIR: makes TMP appear as DIR at once; a DIR that another run has
# made meanwhile is as good.
publish() {
  chmod 755 "$1"
  mv -T "$1" "$2" 2>/dev/null || rm -rf "$1"
  # What no run has used for a month is for kernels of the past.
  find "$CACHE/debs" -name '*.deb' -mtime +30 -delete
  find "$CACHE" -mindepth 1 -maxdepth 1 -name '*-*' -mtime +30 -exec rm -rf {} +
}
