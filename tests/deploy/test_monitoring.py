"""The dashboard and the alerts name what a scrape has, and the manual has all of it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.programs import find_program

ROOT = Path(__file__).parent.parent.parent
RULES, DASHBOARD = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana" / "ramekin.json"
MANUAL = (ROOT / "docs" / "monitoring.md").read_text()
SERIES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum"), "counter": ("",), "gauge": ("",)}


@pytest.fixture
def scrape(local):
    """A scrape of a server that has met a bit of everything."""
    local.put("/api/v1/data/t/1?upsert=true", json={"n": 1})
    local.get("/api/v1/data/t/2")
    local.put("/api/v1/tables/c", json={"max_records": 1})
    return local.get("/metrics").text


def families_of(scrape):
    return dict(re.findall(r"^# TYPE ((?:ramekin|process|python)_\w+) (\w+)$", scrape, re.MULTILINE))


OF_NODES = ("ramekin_feed_", "ramekin_engine_")
"""How the metrics begin of a server whose tables are kept by nodes: see tests/cluster/test_serve.py."""


def described_here():
    """Return those of the metrics that any server has."""
    return {name: told for name, told in described().items() if not name.startswith(OF_NODES)}


def described():
    """Return the metrics of the manual's table: type and labels by name."""
    rows = re.findall(r"^\| `(ramekin_\w+)` \| (\w+)(?:, by ([^|]+))? \|", MANUAL, re.MULTILINE)
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_the_manual_has_each_metric_with_its_type_and_no_other(scrape):
    ours = {name: kind for name, kind in families_of(scrape).items() if name.startswith("ramekin_")}
    assert {name: kind for name, (kind, _) in described_here().items()} == ours


def test_the_manual_has_the_labels_of_each_metric(scrape):
    for name, (kind, labels) in described_here().items():
        sample = re.search(rf"^{name}{SERIES[kind][-1]}(?:{{(.*?)}})? ", scrape, re.MULTILINE)
        assert sample, name
        assert tuple(re.findall(r'(\w+)="', sample[1] or "")) == labels, name


def asked_for():
    """Return the expressions of the alerts and of the dashboard."""
    rules = re.findall(r"^ +expr: (.+)$", (RULES / "alerts.yml").read_text(), re.MULTILINE)
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len(rules) >= 8
    assert len(panels) >= 20
    return rules + [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_alerts_and_dashboard_ask_for_nothing_that_a_scrape_does_not_have(scrape):
    kinds = families_of(scrape) | {name: kind for name, (kind, _) in described().items() if name.startswith(OF_NODES)}
    series = {name + end for name, kind in kinds.items() for end in SERIES[kind]}
    for asked in asked_for():
        named = set(re.findall(r"\b(?:ramekin|process|python)_\w+", asked))
        assert named or asked.startswith("up{"), asked
        assert named <= series, asked


def test_the_dashboard_shows_all_metrics_of_ours():
    asked = " ".join(asked_for())
    assert [name for name in described() if name not in asked] == []


def test_labels_that_are_asked_for_are_there(scrape):
    known = set(re.findall(r'[{,](\w+)="', scrape)) | {"instance", "job", "le"}  # two of them Prometheus adds
    for asked in asked_for():
        used = set(re.findall(r"(\w+)=~?\"", asked)) | set(
            re.findall(r"\w+", " ".join(re.findall(r"by \((.+?)\)", asked)))
        )
        assert used <= known, asked


def test_the_manual_says_what_to_do_about_each_alert():
    alerts = re.findall(r"- alert: (\w+)", (RULES / "alerts.yml").read_text())
    assert re.findall(r"^\| `(Ramekin\w+)` \| [^|]+ \| [^|]+ \|$", MANUAL, re.MULTILINE) == alerts


def test_places_of_the_dashboard_do_not_overlap():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        here = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not here & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= here


def test_prometheus_takes_the_alerts_and_raises_them():
    promtool = find_program("promtool", "prometheus")
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_nothing_wrong_with_a_scrape(scrape):
    promtool = find_program("promtool", "prometheus")
    done = subprocess.run([promtool, "check", "metrics"], input=scrape, capture_output=True, text=True, timeout=60)
    assert [line for line in done.stderr.splitlines() if line.startswith("ramekin_")] == []
