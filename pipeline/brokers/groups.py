"""Who is at work on a broker."""

from contextlib import closing

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.brokers.security import PLAIN, Security
from pipeline.brokers.transport import opened


def members(bootstrap: str, group: str, security: Security = PLAIN) -> int:
    """How many members a consumer group has now; 0 where there is no such group."""
    with closing(opened(KafkaAdminClient, bootstrap, security)) as admin:
        try:
            described = admin.describe_groups([group])
        except KafkaError:
            return 0
    return sum(len(found["members"]) for found in described.values())
