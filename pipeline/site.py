"""Servers that are asked by HTTP: Prometheus, Alertmanager, Grafana."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from pipeline.errors import UserError


class NoAnswerError(Exception):
    """A server did not answer, or answered with an error: one sentence for a person."""


@dataclass(frozen=True)
class Site:
    """An HTTP server; ``patience`` [s], ``largest`` answer that is read [bytes]."""

    address: str
    patience: float = 5.0
    largest: int = 16 * 2**20

    @classmethod
    def at(cls, address: str, option: str) -> "Site":
        """The site at the address that a person gave as ``option``; `UserError` where it is not an address."""
        try:
            parts = urlsplit(address)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            good = False
        if not good:
            raise UserError(
                f"{option} {address!r} is no address: it begins with http:// or https://, as http://HOST:PORT"
            )
        return cls(address.rstrip("/"))

    def text(self, path: str, query: Mapping[str, str | list[str]] | None = None) -> str:
        """The page at a path; `NoAnswerError` where none comes in time, or an error comes."""
        body = b""
        try:
            with requests.get(self.address + path, query, timeout=self.patience, stream=True) as answer:
                if answer.status_code >= 400:
                    raise NoAnswerError(f"{path} on {self.address} answers {answer.status_code} {answer.reason}")
                for part in answer.iter_content(2**16):
                    body += part
                    if len(body) >= self.largest:
                        break
        except requests.RequestException as error:
            reason = str(error).rpartition(": ")[2].rstrip("\"')")
            raise NoAnswerError(f"no answer from {self.address}: {reason}") from error
        return body[: self.largest].decode("utf-8", errors="replace")

    def json(self, path: str, query: Mapping[str, str | list[str]] | None = None) -> Any:
        text = self.text(path, query)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NoAnswerError(f"{path} on {self.address} answers with {text[:40]!r}, which is no JSON") from error
