"""`python -m api.rules.bounded BYTES SECONDS PROGRAM …`: the program, with so much memory and processor at most."""

import os
import resource
import sys


def main() -> None:
    """Become the program."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.nice(10)
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 (no shell: that is the point)


if __name__ == "__main__":
    main()
