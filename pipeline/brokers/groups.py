"""What is on a broker: who is at work there, and which topics."""

from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.brokers.security import PLAIN, Security
from pipeline.brokers.transport import BOOTSTRAP, opened
from pipeline.errors import UserError


class Admin(KafkaAdminClient):
    """An admin client that passes over who may do what: Tansu names rights that the library does not know."""

    def _process_acl_operations(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer


def members(bootstrap: str, group: str, security: Security = PLAIN) -> int:
    """How many members a consumer group has now; 0 where there is no such group."""
    with closing(opened(Admin, bootstrap, security)) as admin:
        try:
            described = admin.describe_groups([group])
        except KafkaError:
            return 0
    return sum(len(found["members"]) for found in described.values())


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
