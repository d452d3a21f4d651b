"""Address, TLS and SASL of the broker, from the environment, so that no secret is an argument.

NETVIGIL_KAFKA_SECURITY_PROTOCOL   PLAINTEXT (default), SSL, SASL_PLAINTEXT, SASL_SSL
NETVIGIL_KAFKA_CA_FILE             certificates to trust (PEM); default: the system's
NETVIGIL_KAFKA_CERT_FILE           our own certificate (PEM), where the broker wants one
NETVIGIL_KAFKA_KEY_FILE            its private key (PEM)
NETVIGIL_KAFKA_KEY_PASSWORD_FILE   file with the key's password
NETVIGIL_KAFKA_SASL_MECHANISM      PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (default)
NETVIGIL_KAFKA_USERNAME
NETVIGIL_KAFKA_PASSWORD_FILE       file with the password (a Docker or Kubernetes secret)
NETVIGIL_KAFKA_PASSWORD            the password itself, where a file is not possible
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import UserError

PREFIX = "NETVIGIL_KAFKA_"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
TLS = ("CA_FILE", "CERT_FILE", "KEY_FILE", "KEY_PASSWORD_FILE")
SASL = ("SASL_MECHANISM", "USERNAME", "PASSWORD", "PASSWORD_FILE")


class Secret(str):
    """A text that is not shown: both Kafka clients write their whole configuration to the debug log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True)
class Security:
    """How to connect to the broker.  The default is plain TCP, for brokers on this machine or inside compose."""

    protocol: str = "PLAINTEXT"  # one of `PROTOCOLS`
    tls: ssl.SSLContext | None = None  # for ``SSL`` and ``SASL_SSL``, with certificates and host names checked
    mechanism: str = ""  # of the two ``SASL_`` protocols, with username and password
    username: str = ""
    password: Secret = field(default=Secret(), repr=False)

    def settings(self) -> dict[str, Any]:
        """The settings of a client, kafka-python or aiokafka."""
        settings: dict[str, Any] = {"security_protocol": self.protocol}
        if self.tls is not None:
            settings["ssl_context"] = self.tls
        if self.mechanism:
            settings["sasl_mechanism"] = self.mechanism
            settings["sasl_plain_username"] = self.username
            settings["sasl_plain_password"] = self.password
        return settings


PLAIN = Security()


def from_environment(environment: Mapping[str, str]) -> Security:
    """The security that the environment asks for; UserError where it has a mistake."""
    given = {key.removeprefix(PREFIX): value for key, value in environment.items() if key.startswith(PREFIX) and value}
    protocol = _one_of(given, "SECURITY_PROTOCOL", PROTOCOLS)
    _check_all_used(given, protocol)
    tls = _tls(given) if protocol.endswith("SSL") else None
    if not protocol.startswith("SASL"):
        return Security(protocol, tls)
    mechanism = _one_of(given, "SASL_MECHANISM", MECHANISMS)
    password = _from_file(given, "PASSWORD_FILE") or Secret(_needed(given, "PASSWORD"))
    return Security(protocol, tls, mechanism, _needed(given, "USERNAME"), password)


def _check_all_used(given: Mapping[str, str], protocol: str) -> None:
    """Refuse a password without SASL, or a certificate without TLS: the connection would not be protected."""
    tls, sasl = TLS if protocol.endswith("SSL") else (), SASL if protocol.startswith("SASL") else ()
    used = {"SECURITY_PROTOCOL", *tls, *sasl}
    for name in given:
        if name not in used:
            why = f"{PREFIX}SECURITY_PROTOCOL is {protocol}" if name in TLS + SASL else "it has no meaning"
            raise UserError(f"{PREFIX}{name} is set, but {why}")


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name, allowed[0])
    if value not in allowed:
        raise UserError(f"{PREFIX}{name} is {value!r}, not one of {', '.join(allowed)}")
    return value


def _needed(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise UserError(f"{PREFIX}{name} is not set, and {PREFIX}SECURITY_PROTOCOL needs it")
    return given[name]


def _from_file(given: Mapping[str, str], name: str) -> Secret | None:
    if name not in given:
        return None
    try:
        return Secret(Path(given[name]).read_text().removesuffix("\n"))
    except (OSError, ValueError) as error:
        raise UserError(f"{PREFIX}{name} is {given[name]!r}, which cannot be read: {error}") from error


def _tls(given: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=given.get("CA_FILE"))
        if "CERT_FILE" in given:
            password = _from_file(given, "KEY_PASSWORD_FILE")
            # without a password OpenSSL would ask for one on the terminal
            context.load_cert_chain(given["CERT_FILE"], given.get("KEY_FILE"), password or "")
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(f"{PREFIX}{name}={given[name]}" for name in TLS[:3] if name in given)
        raise UserError(f"no TLS with {files or 'the certificates of the system'}: {error}") from error
    return context


def parse(url: str) -> str:
    """``kafka://host:port[,host:port]`` as the ``host:port[,host:port]`` that clients take; else UserError."""
    scheme, found, rest = url.partition("://")
    brokers = rest.split(",")
    if scheme != "kafka" or not found or not all(_is_address(broker) for broker in brokers):
        raise UserError(f"--broker {url!r} is not kafka://HOST:PORT[,HOST:PORT]")
    return ",".join(brokers)


def _is_address(broker: str) -> bool:
    try:
        parts = urlsplit(f"//{broker}")
        whole = parts.hostname and parts.port and "@" not in broker and parts.netloc == broker
        return bool(whole) and not any(character.isspace() for character in broker)
    except ValueError:
        return False
