"""Run the test suite: on two workers where there are two cores, with the slowest tests named.

In CI (``CI`` is set) everything runs and a missing tool fails; elsewhere a missing tool skips its tests.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    workers = min(len(os.sched_getaffinity(0)), 4)
    command = [sys.executable, "-m", "pytest", "-q", "--durations=15"]
    if workers > 1:
        command += ["-n", str(workers), "--dist", "loadgroup"]
    return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
