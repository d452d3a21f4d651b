"""A group of workers for one replay alone: what is sent to it is for nobody else, and nothing of it is left behind.

It begins at the present end of what its workers read.  A message that is meant for it names it in a header, which
whatever a stage makes of it carries on: other workers pass over it, and its own pass over all else.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from pipeline import topics
from pipeline.errors import UserError
from pipeline.kafka.groups import Admin, known_groups
from pipeline.kafka.reader import ends
from pipeline.kafka.security import Security
from pipeline.kafka.transport import opened

OLD = 3600
"""A group that began so long ago and has nobody at work is of a replay that was killed [s]."""

FIRST = 30.0
"""How long a fresh broker may take to make the topic of its groups [s]: Kafka takes a few seconds."""

LEAVING = 8.0
"""How long its workers may take to leave it: one that was killed is missed after 6 s [s]."""


@contextmanager
def own_group(
    bootstrap: str, run: str, feeds: Iterable[str], security: Security, clock: Callable[[], float]
) -> Iterator[str]:
    """The name of a group for one run, at the present end of all that its workers read; gone after the block.

    ``clock`` gives the time of day [s]: the name says when it began, so that what a killed replay left is known.

    Raises
    ------
    UserError
        The broker refuses it.
    """
    group = f"{topics.OWN}{int(clock())}-{run}"
    with closing(opened(Admin, bootstrap, security)) as admin:
        _sweep(admin, clock())
        _begin(admin, group, ends(bootstrap, topics.worked(feeds), security), bootstrap)
    try:
        yield group
    finally:
        with contextlib.suppress(UserError), closing(opened(Admin, bootstrap, security, LEAVING)) as admin:
            _remove(admin, [group], LEAVING)


def _begin(admin: Admin, group: str, places: Mapping[Any, int], bootstrap: str) -> None:
    """Workers of a group go on where it says that they were."""
    until = time.monotonic() + FIRST
    while True:
        try:
            told = admin.alter_group_offsets(group, {p: OffsetAndMetadata(end, "", -1) for p, end in places.items()})
            for error in told.values():
                if error.errno:
                    raise error(group)
            return
        except KafkaError as error:
            if not error.retriable or time.monotonic() > until:
                raise UserError(f"{bootstrap} gives this replay no group of its own: {error}") from error
        time.sleep(0.5)


def _sweep(admin: Admin, now: float) -> None:
    """Remove what replays that were killed have left."""
    with contextlib.suppress(KafkaError):
        idle = [group for group, members in known_groups(admin).items() if not members and _is_old(group, now)]
        if idle:
            _remove(admin, idle)


def _is_old(group: str, now: float) -> bool:
    """Whether a group is a replay's own and began long ago.

    Examples
    --------
    >>> _is_old("netvigil-own-1000-replay-5f", 2000.0), _is_old("netvigil-own-1000-replay-5f", 5000.0)
    (False, True)
    >>> _is_old("netvigil", 5000.0)
    False
    """
    begun = group.removeprefix(topics.OWN).partition("-")[0]
    return topics.is_own(group) and begun.isdigit() and now - int(begun) > OLD


def _remove(admin: Admin, names: list[str], patience: float = 0.0) -> None:
    """Delete groups once nobody is in them, and their snapshots; where that is not allowed, they stay."""
    until = time.monotonic() + patience
    with contextlib.suppress(KafkaError):
        while any(told != "OK" for told in admin.delete_groups(names).values()) and time.monotonic() < until:
            time.sleep(0.5)
    with contextlib.suppress(KafkaError):
        beginnings = tuple(f"{name}-" for name in names)
        snapshots = [topic for topic in admin.list_topics() if topic.startswith(beginnings)]
        admin.delete_topics(snapshots, raise_errors=False)
