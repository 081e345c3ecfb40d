"""The manifests in the deployment guide: they name what the image and the server have."""

import re
from pathlib import Path

import pytest
import yaml

from ramekin.settings import Settings

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "deployment.md").read_text()


@pytest.fixture
def manifests():
    [block] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    return {each["kind"]: each for each in yaml.safe_load_all(block)}


@pytest.fixture
def pod(manifests):
    return manifests["StatefulSet"]["spec"]["template"]["spec"]


def test_one_pod_owns_the_tables(manifests):
    spec = manifests["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == manifests["Service"]["spec"]["selector"]
    assert spec["serviceName"] == manifests["Service"]["metadata"]["name"]


def test_the_user_is_that_of_the_image_and_the_root_is_read_only(pod):
    user = re.search(r"^USER (\d+):(\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    context = pod["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert context["fsGroup"] == int(user[2])
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_directory_is_inside_the_volume(manifests, pod):
    [container] = pod["containers"]
    [mount] = container["volumeMounts"]
    directory = container["args"][container["args"].index("--data-dir") + 1]
    assert directory.startswith(f"{mount['mountPath']}/")
    [claim] = manifests["StatefulSet"]["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == mount["name"]


def test_every_variable_is_a_setting_and_a_key_is_asked_for(pod):
    [container] = pod["containers"]
    names = {each["name"].removeprefix("RAMEKIN_").lower() for each in container["env"]}
    assert names <= set(Settings.model_fields)
    assert "api_key" in names


def test_probes_ask_what_there_is(pod, local):
    [container] = pod["containers"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]
        assert local.get(container[probe]["httpGet"]["path"]).status_code == 200
    assert container["ports"][0]["containerPort"] == Settings().port


def test_a_stop_has_more_time_than_requests_get(pod):
    [container] = pod["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    assert pod["terminationGracePeriodSeconds"] >= int(given["RAMEKIN_SHUTDOWN_SECONDS"]) + 5
