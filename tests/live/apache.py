"""Apache Kafka in KRaft mode without Docker: from its Maven artifacts, on Java 17 or later.

``python -m tests.live.apache`` runs one in the foreground.  The artifacts are fetched once, into
``${XDG_CACHE_HOME:-~/.cache}/netvigil/kafka-4.4.0``.
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.kafka.embedded import HOST, Server, free_port

KAFKA = "4.4.0"
LOG4J = "2.25.2"
"""Without its slf4j binding the broker is mute."""
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"

HEAP = "512m"
"""Java heap [bytes]: the broker then takes 340-470 MB."""

ARTIFACTS = (
    ("org.apache.kafka", "kafka_2.13", KAFKA),
    ("org.apache.kafka", "kafka-tools", KAFKA),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
)

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>netvigil</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>{}</dependencies>
</project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"

LOGGING = """Configuration:
  Appenders:
    Console: {name: out, PatternLayout: {pattern: "%d %p %c{1}: %m%n"}}
  Loggers:
    Root: {level: warn, AppenderRef: {ref: out}}
"""

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # One node: internal topics cannot have the three copies that are the default.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After kill -9 the controller holds the old registration for nine seconds, unless told otherwise.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
}


@contextlib.contextmanager
def apache(directory: Path | None = None, port: int | None = None) -> Iterator[str]:
    """Apache Kafka for as long as the block lasts; gives its ``127.0.0.1:port``.

    ``directory`` keeps its disk, by default one that is deleted; ``port``: by default a free one.  `UserError` where
    Java or Maven are missing, the artifacts cannot be fetched, or it does not start.
    """
    with contextlib.ExitStack() as stack:
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="netvigil-kafka-")))
        server = prepare(directory, port)
        server.start()
        stack.callback(server.stop)
        yield server.address


def prepare(directory: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> Server:
    """The broker as a `Server` with a formatted disk, not started; ``settings`` are added to `SETTINGS`."""
    java, libraries = _program("java", "Java 17 or later"), fetch()
    port = port or free_port()
    directory.mkdir(parents=True, exist_ok=True)
    properties, logging = directory / "server.properties", directory / "log4j2.yaml"
    logging.write_text(LOGGING)
    properties.write_text(_properties(directory, port, settings or {}))
    command = [java, f"-Xmx{HEAP}", f"-Dlog4j2.configurationFile={logging}", "-cp", f"{libraries}/*"]
    if not (directory / "data" / "meta.properties").exists():
        tool = [*command, "kafka.tools.StorageTool"]
        cluster = _run([*tool, "random-uuid"], directory).splitlines()[-1]
        _run([*tool, "format", "-t", cluster, "-c", str(properties)], directory)
    return Server(
        "Apache Kafka", [*command, "kafka.Kafka", str(properties)], f"{HOST}:{port}", directory / "broker.log"
    )


def _properties(directory: Path, port: int, more: Mapping[str, str]) -> str:
    controller = free_port()
    lines = SETTINGS | {
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": str(directory / "data"),
    }
    return "".join(f"{key}={value}\n" for key, value in (lines | dict(more)).items())


def cache(environment: Mapping[str, str]) -> Path:
    """Where the artifacts are kept."""
    home = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "netvigil" / f"kafka-{KAFKA}"


def fetch() -> Path:
    """The directory with Kafka's jars, fetched with Maven the first time (54 MB)."""
    place = cache(os.environ)
    libraries = place / "libs"
    if libraries.is_dir():
        return libraries
    mvn = _program("mvn", "Maven")
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test runs side by side fetch it once
        if not libraries.is_dir():
            (place / "pom.xml").write_text(POM.format("".join(DEPENDENCY.format(*one) for one in ARTIFACTS)))
            partial = place / "libs.part"
            shutil.rmtree(partial, ignore_errors=True)
            _run([mvn, "-q", "-B", COPY, f"-DoutputDirectory={partial}", "-DincludeScope=runtime"], place)
            partial.rename(libraries)  # whole or not at all
    return libraries


def missing() -> str:
    """What this machine lacks to run Apache Kafka, '' where nothing is lacking."""
    try:
        _program("java", "Java 17 or later")
        if not (cache(os.environ) / "libs").is_dir():
            _program("mvn", "Maven")
    except UserError as error:
        return str(error)
    return ""


def _program(name: str, what: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise UserError(f"Apache Kafka needs {what}, and there is no {name} on the PATH")
    return path


def _run(command: Sequence[str], directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        shown = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise UserError(f"{Path(command[0]).name} in {directory} failed with {done.returncode}:\n{shown}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.live.apache", description=f"Apache Kafka {KAFKA}.")
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--directory", type=Path, help="its disk; default: one that is deleted afterwards")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with apache(given.directory, given.port) as address:
            sys.stdout.write(f"kafka://{address}\n")
            sys.stdout.flush()
            lost = "" if given.directory else ", and what it holds is gone"
            sys.stderr.write(f"Apache Kafka is up. Ctrl-C ends it{lost}.\n")
            signal.pause()
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
