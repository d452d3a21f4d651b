"""Where a message of the path comes from, so that one that comes again is known.

A stage that starts anew from its snapshot says again what it said since.  Each of its messages names in the header
``source`` the stage, the partition and offset of the message that led to it, and its place among all that did:
``bin-table/2/1047/0``.  From one partition of one stage these only grow; what does not is a repetition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER = "source"


def origin(stage: str, partition: int, offset: int, place: int) -> bytes:
    """The header's value."""
    return f"{stage}/{partition}/{offset}/{place}".encode()


@dataclass
class Origins:
    """How far each partition of each stage has been heard: ``(offset, place)`` of its newest message.

    Examples
    --------
    >>> origins = Origins()
    >>> [origins.again({"source": origin("judge", 0, offset, 0)}) for offset in (7, 8, 7, 8, 9)]
    [False, False, True, True, False]
    >>> origins.again({})
    False
    """

    heard: dict[str, tuple[int, int]] = field(default_factory=dict)

    def again(self, headers: Mapping[str, bytes]) -> bool:
        """Whether a message with these headers was heard before; one that names no origin never was."""
        try:
            stage, partition, offset, place = headers[HEADER].decode().rsplit("/", 3)
            at = int(offset), int(place)
        except (KeyError, ValueError):
            return False
        link = f"{stage}/{partition}"
        if at <= self.heard.get(link, (-1, -1)):
            return True
        self.heard[link] = at
        return False
