"""``python -m dashboards``: writes dashboards/generated."""

import sys

from dashboards.written import write

if __name__ == "__main__":
    sys.stdout.writelines(f"{path.name}\n" for path in write())
