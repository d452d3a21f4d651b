"""Boards and annotations to a Grafana that is not file-provisioned: the only place that knows grafana-api.

``python -m dashboards.publish --url http://localhost:3000 --token-file FILE [--outages FILE]``
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from grafana_api.grafana_api import GrafanaClientError, GrafanaException, GrafanaServerError
from grafana_api.grafana_face import GrafanaFace
from requests.exceptions import RequestException

from dashboards.boards import boards

FOLDER = {"uid": "netvigil", "title": "netvigil"}
ATTEMPTS = 3
"""grafana-api does not try again by itself [-]."""

PAUSE = 2.0
"""Between two attempts [s]."""


class PublishError(Exception):
    """Grafana did not take it: one sentence that names the address."""


def connect(url: str, token: str, timeout: float = 15.0) -> GrafanaFace:
    """A client of the Grafana at ``url``; ``timeout`` [s]."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PublishError(f"{url} is no address of a Grafana: it begins with http:// or https://")
    return GrafanaFace(
        auth=token, host=parts.hostname, port=parts.port or (443 if parts.scheme == "https" else 80),
        url_path_prefix=parts.path.strip("/") + "/" if parts.path.strip("/") else "", protocol=parts.scheme,
        timeout=timeout,
    )  # fmt: skip


def publish(grafana: GrafanaFace, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Write every board into the folder ``netvigil``; returns the boards' addresses."""
    _tried(lambda: _folder(grafana), sleep)
    written = []
    for board in boards().values():
        body = {"dashboard": {**board, "id": None}, "folderUid": FOLDER["uid"], "overwrite": True}
        answer = _tried(lambda body=body: grafana.dashboard.update_dashboard(body), sleep)  # type: ignore[misc]
        written.append(str(answer.get("url", "")))
    return written


def annotate(
    grafana: GrafanaFace, outages: Iterable[dict[str, Any]], sleep: Callable[[float], None] = time.sleep
) -> int:
    """Mark confirmed outages (records of DESIGN section 6) on all boards; returns how many were new.

    Each carries its id as a tag, so that publishing twice marks once.
    """
    new = 0
    for outage in outages:
        if outage["confirmed_at"] is None or outage["state"] == "retracted":
            continue
        tags = ["netvigil", outage["tense"], outage["id"]]
        known = _tried(lambda tags=tags: grafana.annotations.get_annotation(tags=tags), sleep)  # type: ignore[misc]
        if known:
            continue
        mark = {
            "time_from": _milliseconds(outage["start"]),
            "time_to": _milliseconds(outage["end"] or outage["start"]),
            "tags": tags,
            "text": f"{outage['entity']}: {outage['kind']}, {outage['severity']:.0%} lost at worst",
        }
        _tried(lambda mark=mark: grafana.annotations.add_annotation(**mark), sleep)  # type: ignore[misc]
        new += 1
    return new


def _folder(grafana: GrafanaFace) -> None:
    try:
        grafana.folder.get_folder(FOLDER["uid"])
    except GrafanaClientError as error:
        if error.status_code != 404:
            raise
        grafana.folder.create_folder(FOLDER["title"], FOLDER["uid"])


def _tried(ask: Callable[[], Any], sleep: Callable[[float], None]) -> Any:
    """Ask up to `ATTEMPTS` times; what Grafana refuses is not asked again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except GrafanaClientError as error:
            raise PublishError(f"Grafana refused: {error}") from error
        except (GrafanaServerError, GrafanaException, RequestException) as error:
            if attempt == ATTEMPTS:
                raise PublishError(f"Grafana did not answer {ATTEMPTS} times: {error}") from error
            sleep(PAUSE)
    raise AssertionError("unreachable")


def _milliseconds(time_: str) -> int:
    return int(datetime.fromisoformat(time_.replace("Z", "+00:00")).timestamp() * 1000)


def _outages(path: Path) -> list[dict[str, Any]]:
    """Outages of a file that ``netvigil replay --outages`` wrote: read before anything is sent."""
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
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be read: {error.strerror}\n")
        return 2
    except (PublishError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
