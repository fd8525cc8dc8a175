#!/bin/sh
# Installs what requirements/dev.txt locks, and this project: install.sh PYTHON. Where that is impossible, say because there is
# no such package for this machine, what pyproject.toml allows is taken, and that is said. What is not what was
# looked at when it was locked is never installed.
set -u
pip() {
	"$python" -m pip "$@" --quiet --disable-pip-version-check
}
python=$1
words=$(mktemp)
trap 'rm -f "$words"' EXIT
if pip install --require-hashes -r requirements/dev.txt 2>"$words" && pip install --no-deps --no-build-isolation -e . 2>>"$words"; then
	exit 0
fi
cat "$words" >&2
if grep -q 'DO NOT MATCH THE HASHES' "$words"; then
	echo '*** What was offered is not what requirements/dev.txt locks: nothing is installed. ***' >&2
	exit 1
fi
echo '*** What requirements/dev.txt locks cannot be installed here: taking what pyproject.toml allows, UNCHECKED. ***' >&2
pip install -e '.[dev]'
