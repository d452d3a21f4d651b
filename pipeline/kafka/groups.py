"""Groups of workers on a broker: those at work, and one that a single replay has to itself.

A private group begins at the present end of the topics.  Its messages name it in a header, which every stage copies:
other workers pass them over, and its own workers pass over all others.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from pipeline import topics
from pipeline.errors import UserError
from pipeline.kafka.reader import ends
from pipeline.kafka.security import PLAIN, Security
from pipeline.kafka.transport import BOOTSTRAP, opened
from pipeline.topics import is_own, of_group


class Admin(KafkaAdminClient):
    """An admin client that ignores access rights: Tansu names some that the library does not know."""

    def _process_acl_operations(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer


def known_groups(admin: Admin) -> dict[str, int]:
    """The number of members of each group of workers, found by their snapshots: the embedded broker's list of groups
    leaves out those that have not committed yet."""
    names = sorted({group for topic in admin.list_topics() if (group := of_group(topic))})
    described = admin.describe_groups(names) if names else {}
    return {group: len(found["members"]) for group, found in described.items()}


def at_work(bootstrap: str, security: Security = PLAIN) -> dict[str, int]:
    """The number of workers of each group, private groups left out; UserError where no broker answers, or refuses."""
    with closing(opened(Admin, bootstrap, security)) as admin:
        try:
            return {group: n for group, n in known_groups(admin).items() if n and not is_own(group)}
        except KafkaError as error:
            raise UserError(f"{bootstrap} does not tell its groups of workers: {error}") from error


def judges(bootstrap: str, security: Security, group: str, workers: int) -> bool:
    """Whether a group of workers is on the broker: it judges every replay.

    UserError where several groups are there, or not what the replay's ``--group`` and ``--workers`` ask for.
    """
    groups = at_work(bootstrap, security)
    who = f"workers of group {' and of group '.join(groups)} are at work on {bootstrap}"
    if len(groups) > 1:
        raise UserError(f"{who}: each would judge this replay; stop those of all but one")
    if group and group not in groups and (groups or workers < 0):
        raise UserError(f"--group {group!r}: {who if groups else f'no worker is at {bootstrap}'}")
    if groups and workers > 0:
        raise UserError(f"--workers {workers}: {who}, and judge it; netvigil worker starts more of them")
    return bool(groups)


def partitions(bootstrap: str, security: Security = PLAIN, patience: float = BOOTSTRAP) -> dict[str, int]:
    """The number of partitions of every topic; UserError where no broker answers in ``patience`` [s], or it refuses."""
    with closing(opened(Admin, bootstrap, security, patience)) as admin:
        try:
            return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        except KafkaError as error:
            raise UserError(f"{bootstrap} does not tell its topics: {error}") from error


OLD = 3600  # a private group of this age without members is of a killed replay [s]
FIRST = 30.0  # how long a fresh broker may take to make the topic of its groups [s]: Kafka takes a few seconds
LEAVING = 8.0  # how long the workers may take to leave the group [s]: a killed one is missed after 6 s


@contextmanager
def own_group(
    bootstrap: str, run: str, feeds: Iterable[str], security: Security, clock: Callable[[], float]
) -> Iterator[str]:
    """The name of a private group at the present end of its topics; removed after the block.  UserError on refusal.

    ``clock`` gives the time of day [s]; it is in the name, so that groups of killed replays are known.
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
    """Remove the groups of killed replays."""
    with contextlib.suppress(KafkaError):
        idle = [group for group, members in known_groups(admin).items() if not members and _is_old(group, now)]
        if idle:
            _remove(admin, idle)


def _is_old(group: str, now: float) -> bool:
    """Whether a group is private and began long ago.

    >>> [_is_old(*of) for of in (("netvigil-own-1000-run", 2e3), ("netvigil-own-1000-run", 5e3), ("netvigil", 5e3))]
    [False, True, False]
    """
    begun = group.removeprefix(topics.OWN).partition("-")[0]
    return topics.is_own(group) and begun.isdigit() and now - int(begun) > OLD


def _remove(admin: Admin, names: list[str], patience: float = 0.0) -> None:
    """Delete groups once they are empty, and their snapshots; they stay where that is not allowed."""
    until = time.monotonic() + patience
    with contextlib.suppress(KafkaError):
        while any(told != "OK" for told in admin.delete_groups(names).values()) and time.monotonic() < until:
            time.sleep(0.5)
    with contextlib.suppress(KafkaError):
        beginnings = tuple(f"{name}-" for name in names)
        snapshots = [topic for topic in admin.list_topics() if topic.startswith(beginnings)]
        admin.delete_topics(snapshots, raise_errors=False)
