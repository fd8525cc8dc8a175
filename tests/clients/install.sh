#!/bin/sh
# Installs what the tests here drive and this machine lacks, where apt-get is there and may. Otherwise they skip, and say so.

missing=""
command -v tmux > /dev/null || missing="$missing tmux"
command -v irssi > /dev/null || missing="$missing irssi"
command -v weechat > /dev/null || missing="$missing weechat-curses"
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get > /dev/null && $as_root true 2> /dev/null; then
    echo "Installing$missing ..."
    $as_root apt-get update -qq > /dev/null
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing > /dev/null && exit 0
fi
echo "NOT INSTALLED, and cannot be from here:$missing"
