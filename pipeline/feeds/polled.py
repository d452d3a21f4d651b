"""What a polled feed is: how its publisher's HTTP interface is asked for bins of a time, and what an answer says."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.errors import DecodeError
from pipeline.feeds.base import Feed, Item
from pipeline.feeds.live.base import Scope
from pipeline.geo.countries import every_country
from pipeline.records import Entity

Answer = TypeVar("Answer")


class Place(NamedTuple):
    """What can be asked for: the publisher's ``code``, and the entity that it is for us."""

    code: str
    entity: Entity


class Request(NamedTuple):
    """A request for ``[start, end)`` [s] of ``places``: ``path`` below the feed's address, and the query."""

    path: str
    query: dict[str, str]
    start: int = 0
    end: int = 0
    places: tuple[Place, ...] = ()


class Points(NamedTuple):
    """Values of an entity: ``time (n,) int64`` starts of bins [s], ``value (n,) float64``, NaN for null."""

    entity: Entity
    time: np.ndarray
    value: np.ndarray


def nothing(*_: object) -> Iterator[Request]:
    """No request."""
    return iter(())


def nowhere(*_: object) -> Iterator[Place]:
    """No place."""
    return iter(())


@dataclass(frozen=True)
class Polled:
    """One polled feed with one signal.

    ``places``: what a scope asks for; ``lookups`` and ``found``: requests that find more places, and what an answer to
    them has.  ``asks``: the requests for a time and places, and ``parse``: what an answer says.  Both parsers are pure;
    they raise `DecodeError` where nothing of an answer can be used, and yield it for a part that cannot.

    ``relative``: values can be compared only within one answer, so that each answer is brought to the scale of the
    values before it.
    """

    name: str
    signal: str
    url: str
    width: int
    """Width of a bin [s]."""
    period: int
    """Time between two polls [s]."""
    patience: int
    """How old the newest bin may be before the feed counts as dead [s]: its usual delay, and some more."""
    reread: int
    """How far each poll looks back from the newest bin, so that revisions are seen [s]."""
    longest: int
    """Longest time that is asked for in one request [s]."""
    pace: float
    """Least time between two requests [s]."""
    asks: Callable[[int, int, tuple[Place, ...]], Iterable[Request]]
    parse: Callable[[bytes, Request], Iterable[Points | DecodeError]]
    places: Callable[[Scope], Iterable[Place]]
    lookups: Callable[[Scope], Iterable[Request]] = nothing
    found: Callable[[bytes, Request], Iterable[Place | DecodeError]] = nowhere
    grace: int = 0
    """How long bins stay open after the newest one, since some entities' come later [s]."""
    keep: int = 60 * DAY
    """How far back a poll looks at most, for a feed that gave nothing for long [s]."""
    needs_token: bool = False
    relative: bool = False

    def of_one_place(self) -> "Polled":
        """The same for the first place of a scope."""
        return replace(self, places=lambda scope: islice(self.places(scope), 1), lookups=nothing)

    @property
    def feed(self) -> Feed:
        """The same as a feed without recordings of its own."""
        return Feed(self.name, (self.signal,), lambda name, head: False, _no_records)


def _no_records(stream: BinaryIO) -> Iterator[Item]:
    return iter(())


def decoded(feed: str, body: bytes, form: type[Answer]) -> Answer:
    """The JSON of an answer; `DecodeError` where it is none, or another than expected."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise DecodeError(feed, "bad-answer", "the answer", f"it is not as documented: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(feed, "bad-json", "the answer", _no_json(body, str(error))) from None


def _no_json(body: bytes, error: str) -> str:
    if not body.strip():
        return "it is empty"
    if "truncated" in error:
        return "its JSON breaks off"
    begin = body.lstrip()[:40].decode(errors="replace")
    return "it is a web page, no JSON" if begin.startswith("<") else f"it is no JSON: {begin!r}"


def comma_lists(places: Iterable[Place], many: int) -> Iterator[tuple[str, tuple[Place, ...]]]:
    """The places in lists of one type, of so many at most.

    Examples
    --------
    >>> asked = [Place("PK", Entity("country", "PK", "PK")), Place("1", Entity("asn", "AS1")),
    ...          Place("UG", Entity("country", "UG", "UG")), Place("SN", Entity("country", "SN", "SN"))]
    >>> [(kind, ",".join(place.code for place in some)) for kind, some in comma_lists(asked, 2)]
    [('country', 'PK,UG'), ('country', 'SN'), ('asn', '1')]
    """
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(place.entity.type, []).append(place)
    for kind, group in groups.items():
        for begin in range(0, len(group), many):
            yield kind, tuple(group[begin : begin + many])


def countries(scope: Scope) -> Iterator[Place]:
    """The countries of a scope."""
    return (Place(code, Entity("country", code, code)) for code in scope.countries or every_country())


def networks(scope: Scope) -> Iterator[Place]:
    """The networks of a scope."""
    return (Place(entity.name.removeprefix("AS"), entity) for entity in scope.networks)
