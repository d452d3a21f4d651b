"""``python -m dashboards``: writes dashboards/generated."""

import sys

from dashboards import written
from dashboards.links import NoPageError


def main() -> int:
    """Write them and name them; returns the exit code."""
    try:
        sys.stdout.writelines(f"{path.name}\n" for path in written.write())
    except NoPageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
