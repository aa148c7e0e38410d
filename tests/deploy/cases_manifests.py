"""deploy/kubernetes: what kustomize makes of it, and whether all that it names is
there."""
import copy
import json
import subprocess

import yaml

from deploy.frame import case, require
from deploy.kustomize import kustomize
from deploy.references import Checker, pod_of
from guest.rig.guest import ROOT
from guest.rig.processes import BIN
from harness import npm_tools

FOLDER = ROOT / "deploy/kubernetes"
SETS = ("server", "sidecar", "overlays/server-monitored", "overlays/sidecar-podman")
# Where nobody holds a pod to Pod Security.
OF_PODMAN = ("overlays/sidecar-podman",)
# Kinds of others' making, which Kubernetes' own types do not have.
FOREIGN = ("cert-manager.io/", "monitoring.coreos.com/")


def render(name):
    return list(yaml.safe_load_all(kustomize(FOLDER / name)))


def programs():
    return {name: subprocess.check_output([BIN / folder / name, "--help"], text=True)
            for folder, name in (("device", "earshot-device"), ("server", "earshot-server"))}


def types_of(things):
    """A TypeScript program that has each manifest as a value of its type."""
    lines = []
    for number, thing in enumerate(things):
        group, _, version = thing["apiVersion"].rpartition("/")
        module = f"kubernetes-types/{group.removesuffix('.k8s.io') or 'core'}/{version}"
        kind = thing["kind"]
        lines += [f"import {{ {kind} as Type{number} }} from '{module}';",
                  f"export const manifest{number}: Type{number} = "
                  f"{json.dumps(thing, indent=1)};"]
    return "\n".join(lines) + "\n"


def complaints_of_types(folder, things):
    modules = npm_tools.folder()
    (folder / "node_modules").unlink(missing_ok=True)
    (folder / "node_modules").symlink_to(modules)
    source = folder / "manifests.ts"
    source.write_text(types_of(things))
    done = subprocess.run([modules / ".bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
                           source.name], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout if done.returncode else ""


@case("manifest_types", "each manifest is what Kubernetes' types say; a typo is not")
def manifest_types(folder):
    things = [thing for name in SETS for thing in render(name)
              if not thing["apiVersion"].startswith(FOREIGN)]
    told = complaints_of_types(folder, things)
    require(not told, told)
    wrong = copy.deepcopy(next(thing for thing in things if thing["kind"] == "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    require("readinesProbe" in complaints_of_types(folder, [wrong]), "the types see a typo")
    return {"manifests": len(things)}


def container(things, kind):
    [spec] = [pod_of(thing)[1] for thing in things if thing["kind"] == kind]
    return [*spec.get("initContainers", ()), *spec["containers"]][0], spec


def of_kind(things, kind):
    return next(thing for thing in things if thing["kind"] == kind)


# Each breaks a copy of the manifests in one way: (which set, how, what is said).
BREAKS = (
    ("server", lambda s: container(s, "Deployment")[0]["volumeMounts"][0].update(name="tsl"),
     "there is no volume tsl"),
    ("server", lambda s: container(s, "Deployment")[1]["volumes"][0]["secret"].update(
        secretName="other"), "there is no Secret other"),
    ("server", lambda s: container(s, "Deployment")[1]["volumes"][1]["configMap"].update(
        name="other"), "there is no ConfigMap other"),
    ("server", lambda s: of_kind(s, "ConfigMap")["data"].update(
        {"policy": of_kind(s, "ConfigMap")["data"].pop("policy.textproto")}),
     "the volume has no policy.textproto"),
    ("server", lambda s: container(s, "Deployment")[0]["args"].append("--drain-tme=1s"),
     "no flag --drain-tme"),
    ("server", lambda s: container(s, "Deployment")[0]["args"].append("--metrics=0.0.0.0:1"),
     "no port of the container"),
    ("server", lambda s: container(s, "Deployment")[0]["args"].append("--jwks=/keys/jwks"),
     "nothing is mounted there"),
    ("server", lambda s: container(s, "Deployment")[0]["readinessProbe"]["tcpSocket"].update(
        port="grcp"), "readinessProbe asks no port"),
    ("server", lambda s: of_kind(s, "Deployment")["spec"]["selector"].update(
        matchLabels={"a": "b"}), "does not match its own pods"),
    ("server", lambda s: of_kind(s, "Service")["spec"].update(selector={"a": "b"}),
     "matches no pod"),
    ("server", lambda s: of_kind(s, "Service")["spec"]["ports"][0].update(targetPort="http"),
     "has a port http"),
    ("server", lambda s: of_kind(s, "NetworkPolicy")["spec"]["podSelector"].update(
        matchLabels={"a": "b"}), "matches no pod"),
    ("server", lambda s: of_kind(s, "PodDisruptionBudget")["spec"].update(
        selector={"matchLabels": {"a": "b"}}), "matches no pod"),
    ("server", lambda s: of_kind(s, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"].update(
        name="other"), "there is no Deployment other"),
    ("sidecar", lambda s: container(s, "Pod")[0]["args"].append(
        "--server=dns:///other.earshot.svc:50051"), "there is no Service other"),
    ("sidecar", lambda s: container(s, "Pod")[0]["livenessProbe"]["grpc"].update(port=1),
     "livenessProbe asks no port"),
    ("sidecar", lambda s: container(s, "Pod")[1]["volumes"].append(
        {"name": "more", "emptyDir": {}}), "nobody mounts the volume more"),
)


@case("manifests", "all that a manifest names is there; what is broken is found")
def manifests(_):
    helps = programs()
    rendered = {name: render(name) for name in SETS}
    services = rendered["server"]
    for name, things in rendered.items():
        told = Checker(things, helps, services).run()
        require(not told, f"{name}: " + "; ".join(told))
    for name, damage, expected in BREAKS:
        things = copy.deepcopy(rendered[name])
        damage(things)
        others = services if name != "server" else ()
        told = Checker(things, helps, others).run()
        require(any(expected in one for one in told), f"'{expected}' is not found: {told}")
    for name, things in rendered.items():
        for thing in things:
            if pod_of(thing):
                require_restricted(thing, name not in OF_PODMAN)
    return {"sets": len(SETS), "breaks": len(BREAKS)}


def require_restricted(thing, in_cluster):
    """What Pod Security's profile "restricted" wants."""
    name = thing["metadata"]["name"]
    _, spec = pod_of(thing)
    context = spec["securityContext"]
    require(context["runAsNonRoot"] and context["runAsUser"] == 65532
            and context["seccompProfile"]["type"] == "RuntimeDefault", f"{name} is restricted")
    kinds = {"secret", "configMap", "emptyDir"} if in_cluster else {"hostPath", "emptyDir"}
    require(all(set(volume) & kinds for volume in spec["volumes"]),
            f"{name} has volumes of {sorted(kinds)} alone")
    for one in [*spec.get("initContainers", ()), *spec["containers"]]:
        own = one["securityContext"]
        require(own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"]
                and own["capabilities"] == {"drop": ["ALL"]}, f"{name}/{one['name']} is restricted")
        require("memory" in one["resources"]["limits"], f"{name}/{one['name']} has a limit")
