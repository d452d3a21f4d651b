"""Asking a server over HTTP: an answer in time, or one sentence that says why there is none."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipeline.errors import UserError

PATIENCE = 5.0
"""How long a server may take to answer [s]: a check is read by somebody who waits."""

LARGEST = 16 * 2**20
"""Longest answer that is read [bytes]."""


class NoAnswerError(Exception):
    """A server did not answer, or not as it should: one sentence for a person."""


@dataclass(frozen=True)
class Site:
    """A server at an address ``http://HOST:PORT[/PATH]``.

    Examples
    --------
    >>> Site.at("http://localhost:9090/", "--prometheus").address
    'http://localhost:9090'
    """

    address: str

    @classmethod
    def at(cls, address: str, option: str) -> "Site":
        """The site of an address that a person gave as ``option``; `UserError` where it is none."""
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

    def text(self, path: str, asked: Mapping[str, str] | None = None) -> str:
        """What stands at a path.

        Raises
        ------
        NoAnswerError
            Nobody answers within `PATIENCE`, or with an error.
        """
        url = f"{self.address}{path}" + (f"?{urlencode(asked)}" if asked else "")
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return str(answer.read(LARGEST).decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                raise NoAnswerError(f"{path} on {self.address} answers {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise NoAnswerError(f"nobody answers at {self.address}: {reason}") from error

    def json(self, path: str, asked: Mapping[str, str] | None = None) -> Any:
        """The same as JSON."""
        text = self.text(path, asked)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NoAnswerError(f"{path} on {self.address} answers with {text[:40]!r}, which is no JSON") from error
