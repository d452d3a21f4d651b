"""What each kind of receiver is sent, with the settings that docs/be-told.md shows."""

import json
import re
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

from tests.dashboards.servers import FOLDER, alertmanager, until
from tests.watch.receivers import hook

pytestmark = [pytest.mark.system, pytest.mark.sockets]

DOCUMENT = FOLDER.parent / "docs/be-told.md"
TEXTS = {"title": "Pakistan: mobile networks down", "description": "Since 06:40. <Jazz> & Zong are out."}
LABELS = {"alertname": "NetvigilOutageConfirmed", "tense": "drill", "country": "PK", "entity_type": "country"}


def test_slack_telegram_and_pagerduty_are_told_in_full(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(    slack_configs:.*?)```", DOCUMENT.read_text(), re.DOTALL)
    settings = yaml.safe_load(block)
    for kind, secret in ("slack", "api_url"), ("telegram", "bot_token"), ("pagerduty", "routing_key"):
        assert settings[f"{kind}_configs"][0].pop(f"{secret}_file").startswith("/etc/alertmanager/")
    with hook() as (address, desk):
        url = address.replace("json://", "http://")
        settings["slack_configs"][0]["api_url"] = f"{url}/slack"
        settings["telegram_configs"][0] |= {"api_url": f"{url}/telegram", "bot_token": "secret"}
        settings["pagerduty_configs"][0] |= {"url": f"{url}/pagerduty", "routing_key": "secret"}
        with alertmanager("http://127.0.0.1:1", tmp_path / "alertmanager", settings) as alerts:
            body = json.dumps([{"labels": LABELS, "annotations": TEXTS}]).encode()
            urlopen(Request(f"http://{alerts}/api/v2/alerts", body, {"Content-Type": "application/json"}), timeout=10)
            until(lambda: len(desk.posts) == 3)
        (slack,) = [post["attachments"][0] for post in desk.posts if "attachments" in post]
        (telegram,) = [post["text"] for post in desk.posts if "chat_id" in post]
        (pager,) = [post["payload"] for post in desk.posts if "payload" in post]
    title, text = f"DRILL: {TEXTS['title']}", f"This is a DRILL. Nothing is out.\n\n{TEXTS['description']}"
    assert (slack["title"], slack["text"].strip()) == (title, text)
    assert telegram.strip() == f"{title}\n{text}"
    assert (pager["summary"], pager["custom_details"]["what"].strip()) == (title, text)
