"""What a file that is no recording is instead, for a person."""

from pipeline.feeds import FEEDS
from pipeline.feeds.table import feed as table
from pipeline.feeds.table.case import ENTITIES, LABELS
from pipeline.feeds.table.header import amiss

HEAD = 4 * 1024
"""Content by which a file is recognised [bytes]."""

SIGNS = {
    b"\xff" * 16: "bare BGP messages", b"<": "a web page", b"\r\n<": "a web page", b"\n<": "a web page",
    b"%PDF": "a PDF", b"PK\3\4": "a zip archive", b"\x28\xb5\x2f\xfd": "Zstandard", b"SQLite": "a database",
    b"\xd4\xc3\xb2\xa1": "a packet capture", b"\xa1\xb2\xc3\xd4": "a packet capture",
    b"\n\r\r\n": "a packet capture", b"PAR1": "Parquet", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"\xff\xfe": "text in UTF-16, where UTF-8 is wanted", b"\xfe\xff": "text in UTF-16, where UTF-8 is wanted",
}  # fmt: skip
"""What people take for a recording."""

PARTS = {",".join(ENTITIES): "entities", ",".join(LABELS): "labels"}
"""Header of what goes with a case's signals, and its word."""

MARKS = {";": "semicolons", "\t": "tabs"}
"""What spreadsheets put between cells instead of commas."""


def looks(head: bytes) -> str:
    """What a file that is no recording looks like, in words; bytes themselves say nothing to a person.

    Examples
    --------
    >>> looks(b"start,end,entity_type,entity,kind,source")
    "a case's labels: inspect or replay its folder"
    >>> looks(b"time;signal;entity_type;entity;value")
    'a table with semicolons between its cells, where commas are wanted'
    """
    line = head[:HEAD].decode("utf-8-sig", "replace").partition("\n")[0].strip().replace('"', "")
    if line in PARTS:
        return f"a case's {PARTS[line]}: inspect or replay its folder"
    for mark, word in MARKS.items():
        if line.replace(mark, ",") in (*PARTS, ",".join(table.COLUMNS)):
            return f"a table with {word} between its cells, where commas are wanted"
    if words := amiss(line):
        return words
    like = next((words for sign, words in SIGNS.items() if head.startswith(sign)), "")
    begins = f"; it begins with {line[:16]!r}" if line.isprintable() and "\ufffd" not in line and not like else ""
    begins += f", a table begins with {','.join(table.COLUMNS)}" if begins and "," in line else ""
    return f"{like or 'unknown format'}, none of {', '.join(FEEDS)}{begins}"
