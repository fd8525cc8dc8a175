#!/bin/sh
# limit.sh [repeats]: this server next to the least work a broadcaster can do (../shared/bench/limit.c), run in turn.
# Fails if the server falls behind what it should reach (ratios.py). BIN: where tcpchat-server is [.venv/bin].
set -eu
repeats=${1:-3}
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${BIN:-$root/.venv/bin}
ratio=$root/../shared/bench/ratio.sh

for needed in bash "${CC:-gcc}" python3 taskset timeout; do
	if [ ! -f "$ratio" ] || ! command -v "$needed" >/dev/null; then
		echo "bench-limit: nothing compared: it needs ../shared/bench/ratio.sh, a C compiler, bash, python3 and taskset."
		exit 0
	fi
done
if [ ! -x "$bin/tcpchat-server" ]; then
	echo "bench-limit: there is no $bin/tcpchat-server. Run make bench-limit, or name its directory: BIN=..." >&2
	exit 2
fi

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM
mkdir "$temporary/bin"
TCPCHAT_AS_ROOT=1  # measured where it is, a container perhaps
export TCPCHAT_AS_ROOT
server="$bin/tcpchat-server --listen 127.0.0.1:%PORT% --data $temporary/log --set limits.enabled=false"
BENCH_BIN=$temporary/bin bash "$ratio" "$server" "$repeats" | tee "$temporary/runs"
failed=0
"$bin/python" "$root/bench/ratios.py" <"$temporary/runs" || failed=1
"$bin/python" "$root/bench/further.py" "$temporary/bin" "$server" "$repeats" || failed=1
exit $failed
