"""Boards and annotations to a Grafana that is not file-provisioned.

``python -m dashboards.publish --url http://localhost:3000 --token-file FILE [--outages FILE]``
"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace
from requests.adapters import HTTPAdapter, Retry
from requests.exceptions import RequestException

from dashboards.boards import boards

FOLDER = {"uid": "netvigil", "title": "netvigil"}


class PublishError(Exception):
    """Grafana did not take it: one sentence that names the address."""


def connect(url: str, token: str, timeout: float = 15.0, pause: float = 1.0) -> GrafanaFace:
    """A client of the Grafana at ``url``, with a ``timeout`` [s].

    A request without an answer, or with an error of the server, is sent three times, the last after twice the ``pause``
    [s].
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PublishError(f"{url} is no address of a Grafana: it begins with http:// or https://")
    grafana = GrafanaFace(
        auth=token, host=parts.hostname, port=parts.port or (443 if parts.scheme == "https" else 80),
        url_path_prefix=parts.path.strip("/") + "/" if parts.path.strip("/") else "", protocol=parts.scheme,
        timeout=timeout,
    )  # fmt: skip
    errors = range(500, 600)
    retry = Retry(2, backoff_factor=pause, status_forcelist=errors, allowed_methods=None, raise_on_status=False)
    grafana.api.s.mount(f"{parts.scheme}://", HTTPAdapter(max_retries=retry))
    return grafana


def publish(grafana: GrafanaFace) -> list[str]:
    """Write every board into the folder ``netvigil``; returns the boards' addresses."""
    try:
        grafana.folder.get_folder(FOLDER["uid"])
    except GrafanaClientError as error:
        if error.status_code != 404:
            raise
        grafana.folder.create_folder(FOLDER["title"], FOLDER["uid"])
    bodies = [
        {"dashboard": {**b, "id": None}, "folderUid": FOLDER["uid"], "overwrite": True} for b in boards().values()
    ]
    return [str(grafana.dashboard.update_dashboard(body).get("url", "")) for body in bodies]


def annotate(grafana: GrafanaFace, outages: Iterable[dict[str, Any]]) -> int:
    """Mark confirmed outages (records of ``--outages``) on all boards; returns how many were new.

    Each mark has the outage's id as a tag, so that publishing twice marks once.
    """
    new = 0
    for outage in outages:
        if outage["confirmed_at"] is None or outage["state"] == "retracted":
            continue
        tags = ["netvigil", outage["tense"], outage["id"]]
        if not grafana.annotations.get_annotation(tags=tags):
            grafana.annotations.add_annotation(
                time_from=_milliseconds(outage["start"]),
                time_to=_milliseconds(outage["end"] or outage["start"]),
                tags=tags,
                text=f"{outage['entity']}: {outage['kind']}, {outage['severity']:.0%} lost at worst",
            )
            new += 1
    return new


def _milliseconds(time_: str) -> int:
    return int(datetime.fromisoformat(time_).timestamp() * 1000)


def _outages(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except ValueError:
        raise PublishError(f"{path} has no outages: it is not what netvigil replay --outages writes") from None


def main(arguments: list[str]) -> int:
    """Publish; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.publish", description=__doc__)
    parser.add_argument("--url", default="http://localhost:3000")
    parser.add_argument("--token-file", type=Path, required=True, help="file that holds a service account's token")
    parser.add_argument("--outages", type=Path, help="mark these outages too (JSON lines)")
    options = parser.parse_args(arguments)
    try:
        grafana = connect(options.url, options.token_file.read_text().strip())
        outages = _outages(options.outages) if options.outages else []
        sys.stdout.writelines(f"{options.url.rstrip('/')}{path}\n" for path in publish(grafana))
        if options.outages:
            sys.stdout.write(f"{annotate(grafana, outages)} outages marked\n")
        return 0
    except RequestException as error:
        reason = str(error).rpartition(": ")[2].rstrip("\"')")
        said = f"no answer from {options.url}: {reason}"
    except GrafanaException as error:
        said = f"Grafana refused: {error}"
    except OSError as error:
        said = f"{error.filename} cannot be read: {error.strerror}"
    except (PublishError, ValueError) as error:
        said = str(error)
    sys.stderr.write(f"{said}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
