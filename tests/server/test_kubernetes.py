"""What stands in deploy/kubernetes: against itself, the program, Kubernetes' schemas and those of KubeRay."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import yaml

from tests.server.test_deploy import ROOT, _variables, _words
from voxpress.cli.executors import read_cluster
from voxpress.executors.ray import ClusterSettings
from voxpress.rendering.projects import load_project
from voxpress.server.settings import Settings, settings

KUBERNETES = ROOT / "deploy" / "kubernetes"
CLUSTER = KUBERNETES / "cluster"
CRDS = os.environ.get("VOXPRESS_TEST_CRDS", "")
"""The folder helm-chart/kuberay-operator/crds of ray-project/kuberay."""


class Pod(NamedTuple):
    """What a pod is made from."""

    owner: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def _read(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def _kustomizations() -> list[tuple[Path, dict[str, Any]]]:
    return [(each.parent, _read(each)[0]) for each in KUBERNETES.rglob("kustomization.yaml")]


def _objects() -> list[dict[str, Any]]:
    """All that is applied, and the job."""
    found = [
        each
        for folder, made in _kustomizations()
        for name in made["resources"]
        for each in _read(folder / name)
    ]
    return found + _read(CLUSTER / "rayjob.yaml")


def _pods() -> Iterator[Pod]:
    for each in _objects():
        kind, spec = each["kind"], each.get("spec", {})
        name = f"{kind}/{each['metadata'].get('name') or each['metadata']['generateName']}"
        templates = {
            "RayCluster": lambda spec=spec: [
                spec["headGroupSpec"]["template"],
                *(group["template"] for group in spec["workerGroupSpecs"]),
            ],
            "RayJob": lambda spec=spec: [spec["submitterPodTemplate"]],
            "Deployment": lambda spec=spec: [spec["template"]],
            "StatefulSet": lambda spec=spec: [spec["template"]],
        }
        for template in templates.get(kind, list)():
            yield Pod(name, template.get("metadata", {}).get("labels", {}), template["spec"])


PODS = list(_pods())
each_pod = pytest.mark.parametrize("pod", PODS, ids=[f"{n}-{pod.owner}" for n, pod in enumerate(PODS)])


def _config_maps() -> dict[str, set[str]]:
    """Their keys, by name."""
    found = {}
    for folder, made in _kustomizations():
        for each in made["configMapGenerator"]:
            assert all((folder / name).is_file() for name in (*each.get("files", ()), *each.get("envs", ())))
            found[each["name"]] = {*each.get("files", ())} | {
                line.partition("=")[0]
                for name in each.get("envs", ())
                for line in (folder / name).read_text().splitlines()
                if line and not line.startswith("#")
            }
    return found


def _secrets() -> dict[str, set[str]]:
    """Those that the page makes: their keys, by name."""
    page = (ROOT / "docs/cluster.md").read_text().replace("\\\n", " ")
    made = {}
    for kind, name, rest in re.findall(r"create secret (generic|tls) (\S+)(.*)", page):
        keys = re.findall(r"--from-literal=(\w+)=", rest)
        made[name] = {"tls.crt", "tls.key"} if kind == "tls" else set(keys)
    return made


# What everybody can check


def test_everything_applied_is_there_and_nothing_else() -> None:
    listed = {
        folder / name
        for folder, made in _kustomizations()
        for name in [*made["resources"], *made.get("configurations", ())]
    }
    there = set(KUBERNETES.rglob("*.yaml"))
    alone = {CLUSTER / "rayjob.yaml", KUBERNETES / "kustomization.yaml", CLUSTER / "kustomization.yaml"}
    assert there - alone == listed
    assert {made["namespace"] for _, made in _kustomizations()} == {
        each["metadata"]["name"] for each in _objects() if each["kind"] == "Namespace"
    }


def test_images_are_those_of_the_dockerfile_or_have_a_version() -> None:
    renamed = {each["name"]: each for _, made in _kustomizations() for each in made["images"]}
    image = (ROOT / "Dockerfile").read_text()
    assert set(renamed) == {"voxpress", "voxpress-cluster"}
    assert "FROM base AS cluster\n" in image
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {each["newTag"] for each in renamed.values()} == {version}
    final = {f"{each['newName']}:{each['newTag']}" for each in renamed.values()}
    used = {each["image"] for pod in PODS for each in pod.containers()}
    assert set(renamed) <= used
    assert all(re.search(r":[\w.-]+$", name) for name in used - set(renamed))
    assert {each for each in used if each.startswith("registry.example.com/")} <= final


def test_ray_is_the_one_of_the_lock() -> None:
    locked = re.findall(r"^ray(?:\[.*\])?==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    (cluster,) = [each for each in _objects() if each["kind"] == "RayCluster"]
    assert [cluster["spec"]["rayVersion"]] == locked or not locked
    (job,) = [each for each in _objects() if each["kind"] == "RayJob"]
    assert job["spec"]["clusterSelector"] == {"ray.io/cluster": cluster["metadata"]["name"]}
    assert job["metadata"]["namespace"] == _kustomizations()[0][1]["namespace"]


def test_commands_options_and_variables_exist() -> None:
    for pod in PODS:
        for each in pod.containers():
            if each["image"] == "voxpress":
                _words(each["args"])
                names = {variable["name"] for variable in each["env"]}
                assert {name for name in names if name.startswith("VOXPRESS")} <= _variables()
    (job,) = [each for each in _objects() if each["kind"] == "RayJob"]
    shell, script, *_ = job["spec"]["entrypoint"].split()
    assert shell == "sh"
    assert Path(script).name in _config_maps()["voxpress-render"]
    commands = re.findall(r"^voxpress (.*?)(?: <.*)?$", (CLUSTER / "render.sh").read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        _words([word for word in command.split() if word != "-"])
    hint = re.findall(r"-- voxpress (keys .*)$", (KUBERNETES / "server.yaml").read_text(), re.MULTILINE)
    _words(hint[0].split())


@each_pod
def test_references_of_a_pod_resolve(pod: Pod) -> None:
    maps, secrets = _config_maps(), _secrets()
    claims = {
        claim["metadata"]["name"]
        for each in _objects()
        for claim in each.get("spec", {}).get("volumeClaimTemplates", ())
    }
    volumes = {each["name"]: each for each in pod.spec.get("volumes", ())}
    for each in volumes.values():
        if "configMap" in each:
            items = {item["key"] for item in each["configMap"].get("items", ())}
            assert items <= maps[each["configMap"]["name"]]
        elif "secret" in each:
            assert {item["key"] for item in each["secret"]["items"]} <= secrets[each["secret"]["secretName"]]
        else:
            assert "emptyDir" in each and each["emptyDir"]["sizeLimit"]
    for container in pod.containers():
        for mount in container.get("volumeMounts", ()):
            assert mount["name"] in {*volumes, *claims}
        for source in container.get("envFrom", ()):
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in maps
            else:
                assert source["secretRef"]["name"] in secrets
        for variable in container.get("env", ()):
            if "valueFrom" in variable:
                asked = variable["valueFrom"]["secretKeyRef"]
                assert asked["key"] in secrets[asked["name"]]
        mounted = {mount["mountPath"] for mount in container.get("volumeMounts", ())}
        for word in container.get("args", ()):
            if word.startswith("/"):
                assert str(Path(word).parent) in mounted


@each_pod
def test_a_pod_has_no_rights(pod: Pod) -> None:
    """What the label of the namespace asks for, a root file system that nobody writes, and sizes."""
    common = pod.spec["securityContext"]
    assert common["runAsNonRoot"] and common["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in pod.containers():
        own = each["securityContext"]
        assert own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"]
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own.get("runAsUser", common.get("runAsUser", 0)) > 0
        assert {"cpu", "memory"} <= set(each["resources"]["requests"])
        assert "memory" in each["resources"]["limits"]
        written = {mount["mountPath"] for mount in each["volumeMounts"] if not mount.get("readOnly")}
        assert "/tmp" in written
    # A Service named voxpress would set VOXPRESS_PORT, which the server reads.
    if any(each["image"].rpartition("/")[2].startswith("voxpress") for each in pod.containers()):
        assert pod.spec["enableServiceLinks"] is False


def test_services_policies_and_budgets_find_their_pods() -> None:
    for each in _objects():
        kind, spec = each["kind"], each.get("spec", {})
        if kind in ("Deployment", "StatefulSet"):
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        wanted = spec.get("selector") if kind == "Service" else None
        if kind == "PodDisruptionBudget":
            wanted = spec["selector"]["matchLabels"]
        if kind == "NetworkPolicy":
            wanted = spec["podSelector"].get("matchLabels", {})
        if wanted is None or any(label.startswith("ray.io/") for label in wanted):  # KubeRay's labels
            continue
        pods = [pod for pod in PODS if wanted.items() <= pod.labels.items()]
        assert pods, each["metadata"]["name"]
        ports = {port["name"] for pod in pods for item in pod.containers() for port in item.get("ports", ())}
        if kind == "Service":
            assert {port["targetPort"] for port in spec["ports"]} <= ports
        if kind == "NetworkPolicy":
            asked = {port["port"] for rule in spec["ingress"] for port in rule.get("ports", ())}
            assert asked <= ports
    scaled = [each["spec"]["scaleTargetRef"] for each in _objects() if each["kind"].endswith("Autoscaler")]
    assert all(
        any(
            each["kind"] == target["kind"] and each["metadata"]["name"] == target["name"]
            for each in _objects()
        )
        for target in scaled
    )


def test_probes_ask_where_somebody_listens() -> None:
    for pod in PODS:
        for each in pod.containers():
            ports = {port["name"] for port in each.get("ports", ())}
            for name in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = each.get(name, {})
                for kind in ("httpGet", "tcpSocket"):
                    assert probe.get(kind, {}).get("port") in {None, *ports}
                if each["image"] == "voxpress":
                    path = "/readyz" if name == "readinessProbe" else "/healthz"
                    assert f"http://{Settings().host}:{Settings().port}{path}" in probe["exec"]["command"][-1]


def test_hosts_that_are_named_are_services() -> None:
    ports = {
        each["metadata"]["name"]: {port["port"] for port in each["spec"]["ports"]}
        for each in _objects()
        if each["kind"] == "Service"
    }
    told = dict(
        line.split("=", 1)
        for line in (KUBERNETES / "objects.env").read_text().splitlines()
        if not line.startswith("#")
    )
    host, _, port = told["AWS_ENDPOINT"].removeprefix("http://").partition(":")
    assert int(port) in ports[host]
    (state,) = re.findall(r"postgresql://\w+@([\w-]+)/", (KUBERNETES / "server.yaml").read_text())
    assert 5432 in ports[state]


def test_settings_of_the_server_and_of_nginx_agree() -> None:
    path = KUBERNETES / "voxpress.toml"
    told = settings(load_project(path).server, str(path))
    nginx = (KUBERNETES / "nginx.conf").read_text()
    assert told.public_url == "https://" + re.findall(r"server_name (\S+);", nginx)[0]
    assert f"server {told.host}:{told.port};" in nginx
    assert not told.accel_redirect, "nginx sees no folder of clips"
    (server,) = [pod for pod in PODS if pod.owner == "Deployment/voxpress"]
    assert server.spec["terminationGracePeriodSeconds"] > told.grace + 5
    (port,) = [port["containerPort"] for each in server.containers() for port in each.get("ports", ())]
    assert f"listen {port} ssl" in nginx
    usual = (ROOT / "deploy/nginx.conf").read_text()
    # There is no folder of clips, and no second server in a pod that could be asked instead.
    without = r"^    location (?:/_clips/|= /v1/audio/speech) \{$.*?^    \}$"
    bare = re.sub(without, "", usual, flags=re.MULTILINE | re.DOTALL)

    def directives(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    assert directives(nginx) == directives(bare)


def test_actors_fit_the_nodes() -> None:
    """The settings are such, and each kind of actor has a kind of node."""
    found = read_cluster(load_project(CLUSTER / "voxpress.toml"))
    (cluster,) = [each for each in _objects() if each["kind"] == "RayCluster"]
    groups = {}
    for group in cluster["spec"]["workerGroupSpecs"]:
        (worker,) = group["template"]["spec"]["containers"]
        limits = worker["resources"]["limits"]
        assert limits == worker["resources"]["requests"]
        groups[group["groupName"]] = (
            int(limits["cpu"]),
            int(limits["memory"].removesuffix("Gi")) * 1024,
            int(limits.get("nvidia.com/gpu", 0)),
            group["maxReplicas"],
        )
    for actors in (found, *found.engines.values()):
        cpus, memory, gpus, most = groups["gpu" if actors.gpus else "cpu"]
        # Ray gives actors 70 % of a node's memory; the rest is its own.
        each = min(cpus / actors.cpus, 0.7 * memory / actors.memory, *([gpus / actors.gpus] if gpus else []))
        assert each >= 1
        assert actors.actors is not None and actors.actors <= int(each) * most
    (head,) = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    assert "VOXPRESS_STORE" in {each["name"] for each in head["env"]}, "the image's own is a folder"


def test_the_page_has_all_fields_of_the_cluster_and_their_defaults() -> None:
    _, page = (ROOT / "docs/cluster.md").read_text().split("\n## Settings\n")
    page, *_ = page.split("\n## ")
    told = dict(re.findall(r"^\| `(\w+)` \| (none|`.*?`) \|", page, re.MULTILINE))
    fields = {}
    for each in msgspec.structs.fields(ClusterSettings):
        usual = each.default_factory() if each.default is msgspec.NODEFAULT else each.default
        fields[each.name] = "none" if usual is None else f"`{json.dumps(usual)}`"
    assert told == fields


# What needs packages, or files of others


def _built(folder: Path) -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if kubectl is None:
        pytest.skip("kubectl is not installed: make .venv/.stamps/lanes")
    made = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=True)
    return [each for each in yaml.safe_load_all(made.stdout) if each]


@pytest.mark.slow
def test_kubernetes_takes_what_kustomize_makes() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    made = _built(KUBERNETES)
    for each in made:
        kubernetes_validate.validate(each, "1.37.0", strict=True)
    (server,) = [each for each in made if each["kind"] == "Deployment"]
    named = {
        each["configMap"]["name"]
        for each in server["spec"]["template"]["spec"]["volumes"]
        if "configMap" in each
    }
    assert named <= {each["metadata"]["name"] for each in made if each["kind"] == "ConfigMap"}


@pytest.mark.slow
@pytest.mark.skipif(not CRDS, reason="VOXPRESS_TEST_CRDS names no folder with KubeRay's definitions")
def test_kuberay_takes_the_cluster_and_the_job() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    made = [each for each in _built(CLUSTER) if each["kind"] == "RayCluster"] + _read(CLUSTER / "rayjob.yaml")
    assert "voxpress-cluster:" in yaml.safe_dump(made[0]) and "image: voxpress-cluster" not in yaml.safe_dump(
        made[0]
    )
    for each in made:
        (definition,) = _read(Path(CRDS, f"ray.io_{each['kind'].lower()}s.yaml"))
        (version,) = [one for one in definition["spec"]["versions"] if one["name"] == "v1"]
        schema = _forbid_unknown(version["schema"]["openAPIV3Schema"])
        problems = list(jsonschema.Draft202012Validator(schema).iter_errors(each))
        assert not problems, [f"{error.json_path}: {error.message[:200]}" for error in problems]


def _forbid_unknown(schema: Any) -> Any:
    """A schema under which a field that the API server would drop is an error."""
    if isinstance(schema, list):
        return [_forbid_unknown(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _forbid_unknown(each) for name, each in schema.items()}
    closed = not made.get("x-kubernetes-preserve-unknown-fields")
    if made.get("type") == "object" and "properties" in made and closed:
        made["additionalProperties"] = False
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made
