"""Creates the topics.  ``python -m pipeline.kafka.create_topics --broker kafka://HOST:PORT`` does it for compose.

A broker's auto-creation would give one partition and a week of retention, and Faust ignores a missing topic silently.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from pipeline.errors import UserError
from pipeline.feeds import FEEDS
from pipeline.kafka.security import PLAIN, Security, from_environment, parse
from pipeline.kafka.transport import BOOTSTRAP, opened
from pipeline.topics import Topic, every


def create(
    bootstrap: str, topics: Iterable[Topic], security: Security = PLAIN, patience: float = BOOTSTRAP
) -> list[str]:
    """Create the missing topics, wait until they can be used, and give their names.

    The settings of existing topics stay: an operator may have changed them.  UserError where no broker answers within
    ``patience`` [s], it refuses, or a topic exists with another number of partitions.
    """
    wanted = {topic.name: topic for topic in topics}
    with closing(opened(KafkaAdminClient, bootstrap, security, patience)) as admin:
        try:
            missing = wanted.keys() - set(admin.list_topics())
            _make(admin, [wanted[name] for name in sorted(missing)])
            admin.wait_for_topics(list(wanted), timeout_ms=30_000)
            _check(admin, wanted, bootstrap)
        except KafkaError as error:
            raise UserError(f"the topics could not be created on {bootstrap}: {error}") from error
    return sorted(missing)


def _make(admin: Any, topics: Sequence[Topic]) -> None:
    copies = {"replication_factor": -1}  # as many as the broker is configured for
    requests = {t.name: copies | {"num_partitions": t.partitions, "configs": t.settings()} for t in topics}
    if not requests:
        return
    answer = admin.create_topics(requests, raise_errors=False)  # never shown: it has the whole configuration
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        # another worker may have made the same topic
        if topic["error_code"] and error is not TopicAlreadyExistsError:
            raise error(f"{topic['name']}: {topic.get('error_message') or error.description}")


def _check(admin: Any, wanted: dict[str, Topic], bootstrap: str) -> None:
    for found in admin.describe_topics(list(wanted)):
        topic, partitions = wanted[found["name"]], len(found["partitions"])
        if partitions != topic.partitions:
            raise UserError(
                f"{topic.name} on {bootstrap} has {partitions} partitions instead of {topic.partitions}: "
                "records would meet in the wrong ones; delete it, or use another broker"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of compose's ``topics`` service: exit code 2 where the topics are not as they should be."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.kafka.create_topics", description="Creates all topics.")
    parser.add_argument("--broker", required=True, metavar="kafka://HOST:PORT")
    parser.add_argument("--patience", type=float, default=120.0, help="how long the broker may take to answer [s]")
    given = parser.parse_args(arguments)
    try:
        topics = every(FEEDS)
        made = create(parse(given.broker), topics, from_environment(os.environ), given.patience)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{len(topics)} topics, {len(made)} of them new\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
