"""The manifests in deploy/kubernetes: Kubernetes would take them, and they name what the image and the server have."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from ramekin.settings import SETTINGS, Settings

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = json.loads((ROOT / "tests" / "data" / "kubernetes" / "schemas.json").read_text())
MANIFESTS = {
    each["kind"]: each for each in yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "ramekin.yaml").read_text())
}
SPEC = MANIFESTS["StatefulSet"]["spec"]
POD = SPEC["template"]["spec"]
[CONTAINER] = POD["containers"]
LABELS = {"matchLabels": SPEC["template"]["metadata"]["labels"]}


def faults(manifest):
    [name] = [name for name in SCHEMAS["$defs"] if name.rpartition(".")[2] == manifest["kind"]]
    return [
        error.message for error in Draft202012Validator({"$ref": f"#/$defs/{name}", **SCHEMAS}).iter_errors(manifest)
    ]


@pytest.mark.parametrize("kind", MANIFESTS)
def test_each_manifest_is_what_its_schema_asks_for(kind):
    assert faults(MANIFESTS[kind]) == []


def test_the_schemas_know_wrong_versions_names_and_types():
    service = MANIFESTS["Service"]
    assert faults(service | {"apiVersion": "v2"})
    assert faults(service | {"spce": {}})
    assert faults(service | {"spec": service["spec"] | {"ports": "80"}})


def test_one_pod_owns_the_tables_and_all_manifests_mean_it():
    assert SPEC["replicas"] == 1
    assert SPEC["selector"] == LABELS
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["selector"] == LABELS
    assert MANIFESTS["NetworkPolicy"]["spec"]["podSelector"] == LABELS
    assert MANIFESTS["Service"]["spec"]["selector"] == LABELS["matchLabels"]
    assert MANIFESTS["Service"]["metadata"]["name"] == SPEC["serviceName"]


def test_the_user_is_that_of_the_image_and_the_root_is_read_only():
    user = re.search(r"^USER (\d+):(\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    context = POD["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert context["fsGroup"] == int(user[2])
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_pod_satisfies_the_restricted_standard():
    """Source: Pod Security Standards, level "restricted", in the documentation of Kubernetes."""
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"]["allowPrivilegeEscalation"] is False
    assert CONTAINER["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(POD)
    assert [set(volume) - {"name"} for volume in POD["volumes"]] == [{"secret"}]


def test_the_directory_is_inside_the_volume():
    mount, keys = CONTAINER["volumeMounts"]
    directory = CONTAINER["args"][CONTAINER["args"].index("--data-dir") + 1]
    assert directory.startswith(f"{mount['mountPath']}/")
    [claim] = SPEC["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == mount["name"]
    assert POD["volumes"][0]["name"] == keys["name"]
    given = {each["name"]: each["value"] for each in CONTAINER["env"]}
    assert given["RAMEKIN_KEYS_FILE"].startswith(f"{keys['mountPath']}/")


def test_every_variable_is_a_setting():
    names = {each["name"].removeprefix("RAMEKIN_").lower() for each in CONTAINER["env"]}
    assert names <= set(SETTINGS)


def test_probes_ask_what_there_is(local):
    for probe in ("livenessProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"]["port"] == CONTAINER["ports"][0]["name"]
        assert local.get(CONTAINER[probe]["httpGet"]["path"]).status_code == 200
    assert CONTAINER["ports"][0]["containerPort"] == Settings().port


def test_the_memory_that_is_asked_for_is_the_memory_that_is_given():
    assert CONTAINER["resources"]["requests"]["memory"] == CONTAINER["resources"]["limits"]["memory"]


def test_a_stop_has_more_time_than_requests_get():
    given = {each["name"]: each["value"] for each in CONTAINER["env"]}
    assert POD["terminationGracePeriodSeconds"] >= int(given["RAMEKIN_SHUTDOWN_SECONDS"]) + 5
