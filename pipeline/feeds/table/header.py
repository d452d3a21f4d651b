"""The first line of what is meant to be a table and is none: which columns it lacks, and which no table has."""

from pipeline.errors import FEW
from pipeline.feeds.table.text import COLUMNS


def amiss(line: str) -> str:
    """What is wrong with a first line that looks like a table's header, in words; '' where it looks like none.

    It does where it begins with the same column, or has most of them.

    Examples
    --------
    >>> amiss("time,signal,entity_type,entity,count")
    "a table without value, and with 'count', which no table has; wanted time,signal,entity_type,entity,value"
    >>> amiss("signal,time,entity_type,entity,value")
    'a table with its columns in another order; wanted time,signal,entity_type,entity,value'
    >>> amiss("timestamp,signal,value"), amiss("time")
    ('', '')
    """
    found = line.split(",")
    known = [name for name in COLUMNS if name in found]
    if len(found) < 2 or (found[0] != COLUMNS[0] and 2 * len(known) <= len(COLUMNS)):
        return ""
    missing = [name for name in COLUMNS if name not in found]
    foreign = [repr(name[:30]) for name in dict.fromkeys(found) if name not in COLUMNS]
    more = f" and {len(foreign) - FEW:,} more" if len(foreign) > FEW else ""
    said = [f"without {', '.join(missing)}"] if missing else []
    said += [f"with {', '.join(foreign[:FEW])}{more}, which no table has"] if foreign else []
    if not said:
        said = ["with a column twice" if len(found) > len(COLUMNS) else "with its columns in another order"]
    return f"a table {', and '.join(said)}; wanted {','.join(COLUMNS)}"
