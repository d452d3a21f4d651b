"""Errors of a person and damage of a feed, and how both are shown."""


class UserError(Exception):
    """A person gave a wrong value: one sentence that names the value and the place; exit code 2."""


CUT_RECORD, CUT_LINE = "truncated-record", "truncated-line"  # a file ends in the middle of a record or line

REFUSED = (
    "bad-signal", "too-many-signals", "bad-entity-type", "bad-entity", "bad-country", "bad-asn", "bad-region",
    "bad-service", "no-country",
)  # fmt: skip
"""Reasons that refuse a series by its name."""


def gave_up(reason: str) -> bool:
    """Whether damage of that reason ends the reading of its file."""
    of_file = reason in ("too-damaged", "too-long", CUT_RECORD, CUT_LINE)
    return of_file or reason.endswith(("-gzip", "-bzip2", "-xz"))


def refuses(reason: str) -> bool:
    """Whether damage of that reason refuses a whole series."""
    return reason in REFUSED


class DecodeError(Exception):
    """A piece of a feed that cannot be used; it becomes a dead letter.

    ``reason``: a short stable slug, which becomes a metric label; ``place``: ``byte 48013`` or ``line 7``; ``detail``:
    what was seen there, for a person.

    Examples
    --------
    >>> str(DecodeError("mrt", "truncated-record", "byte 48013", "wanted 97 bytes, 44 left"))
    'mrt: truncated-record at byte 48013: wanted 97 bytes, 44 left'
    """

    def __init__(self, feed: str, reason: str, place: str, detail: str = "") -> None:
        super().__init__(feed, reason, place, detail)
        self.feed, self.reason, self.place, self.detail = feed, reason, place, detail

    def __str__(self) -> str:
        tail = f": {self.detail}" if self.detail else ""
        return f"{self.feed}: {self.reason} at {self.place}{tail}"


FEW = 5  # most names that are shown; the others are counted [-]


def few(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
    return "; ".join(names[:FEW]) + more  # a name may have a comma


def printable(text: str) -> str:
    """Text from outside for a terminal: control characters become question marks."""
    return "".join(character if character.isprintable() else "?" for character in text)
