"""Looks for known weaknesses in what is locked: ``audit.py PIP_AUDIT LOCK...``. What nobody knows is said loudly."""

import json
import subprocess
import sys
from typing import Any

SECONDS = 300


def main(program: str, *locks: str) -> int:
    """:returns: 1 if something is known to be weak."""
    packages = {(one["name"], one.get("version", "")): one for lock in locks for one in looked_up(program, lock)}
    weak = [one for one in packages.values() if one.get("vulns")]
    unknown = [name for (name, _), one in packages.items() if "skip_reason" in one]
    for one in weak:
        for found in one["vulns"]:
            fixed = ", ".join(found.get("fix_versions", [])) or "no version yet"
            print(f"{one['name']} {one['version']}: {found['id']}, mended in {fixed}")
    if unknown or not packages:
        what = f"{len(unknown)} of {len(packages)} packages" if packages else "all packages"
        print(
            f"*** NOT AUDITED: {what}, because nobody could be asked. Try again with the network. ***", file=sys.stderr
        )
    print(f"{len(packages) - len(unknown)} packages were looked up; {len(weak)} have known weaknesses.")
    return 1 if weak else 0


def looked_up(program: str, lock: str) -> list[dict[str, Any]]:
    """What is known of each package in a lock; nothing if nobody can be asked."""
    command = [
        program,
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--format",
        "json",
        "-r",
        lock,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        print(f"{lock}: {error}", file=sys.stderr)
        return []
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
