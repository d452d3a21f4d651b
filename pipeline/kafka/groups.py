"""What is on a broker: who is at work there, and which topics."""

from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.errors import UserError
from pipeline.kafka.security import PLAIN, Security
from pipeline.kafka.transport import BOOTSTRAP, opened
from pipeline.topics import is_own, of_group


class Admin(KafkaAdminClient):
    """An admin client that passes over who may do what: Tansu names rights that the library does not know."""

    def _process_acl_operations(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer


def known_groups(admin: Admin) -> dict[str, int]:
    """How many members each group of workers has now; those that have left snapshots are known.

    A broker's own list of groups would do, but the embedded one leaves out those that have not committed yet.
    """
    names = sorted({group for topic in admin.list_topics() if (group := of_group(topic))})
    described = admin.describe_groups(names) if names else {}
    return {group: len(found["members"]) for group, found in described.items()}


def at_work(bootstrap: str, security: Security = PLAIN) -> dict[str, int]:
    """How many workers of each group judge what anybody sends, by name: not those that a replay has to itself.

    Raises
    ------
    UserError
        No broker answers, or it refuses.
    """
    with closing(opened(Admin, bootstrap, security)) as admin:
        try:
            return {group: n for group, n in known_groups(admin).items() if n and not is_own(group)}
        except KafkaError as error:
            raise UserError(f"{bootstrap} does not tell who is at work: {error}") from error


def judges(bootstrap: str, security: Security, group: str, workers: int) -> bool:
    """Whether workers are there that judge all that comes: of one group, or each would judge it.

    ``group`` and ``workers`` are what a replay was asked for with ``--group`` and ``--workers``.

    Raises
    ------
    UserError
        Those that are there are not the ones that were asked for.
    """
    groups = at_work(bootstrap, security)
    who = f"workers of group {' and of group '.join(groups)} are at work on {bootstrap}"
    if len(groups) > 1:
        raise UserError(f"{who}: each would judge this replay; stop those of all but one")
    if group and group not in groups and (groups or workers < 0):
        raise UserError(f"--group {group!r}: {who if groups else f'nobody is at work on {bootstrap}'}")
    if groups and workers > 0:
        raise UserError(f"--workers {workers}: {who}, and judge it; netvigil worker starts more of them")
    return bool(groups)


def partitions(bootstrap: str, security: Security = PLAIN, patience: float = BOOTSTRAP) -> dict[str, int]:
    """Every topic with the number of its partitions; the broker may take ``patience`` [s] to answer.

    Raises
    ------
    UserError
        No broker answers, or it refuses.
    """
    with closing(opened(Admin, bootstrap, security, patience)) as admin:
        try:
            return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        except KafkaError as error:
            raise UserError(f"{bootstrap} does not tell its topics: {error}") from error
