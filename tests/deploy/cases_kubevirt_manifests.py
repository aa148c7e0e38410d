"""deploy/kubevirt's manifests, against the facts of KubeVirt's API and against our
programs: a cluster passes over some of what it does not know in silence."""
import copy
import json
import re
import subprocess

import yaml

from deploy.frame import case, require
from deploy.kubevirt import fields
from deploy.kubevirt.sidecar import DEVICE, HOOK
from guest.rig.guest import ROOT

FOLDER = ROOT / "deploy/kubevirt"
ANNOTATION = "hooks.kubevirt.io/hookSidecars"
# The arguments of the container that plugin.yaml's policy adds, in CEL.
CEL_ARGUMENTS = re.compile(r"\bargs: (\[[^]]*\])")


def load():
    """Each manifest, by kind."""
    return {thing["kind"]: thing for path in sorted(FOLDER.glob("*.yaml"))
            for thing in yaml.safe_load_all(path.read_text(encoding="utf-8"))}


def sidecars(things):
    machine = things["VirtualMachine"]["spec"]["template"]
    return json.loads(machine["metadata"]["annotations"][ANNOTATION])


def arguments(things):
    """Those of the hook, wherever a manifest has them."""
    policy = things["MutatingAdmissionPolicy"]["spec"]["mutations"][0]["jsonPatch"]["expression"]
    return [*(one["args"] for one in sidecars(things)),
            *(json.loads(text) for text in CEL_ARGUMENTS.findall(policy))]


def complaints_of_arguments(words):
    """Flags that the hook, and behind "--" the device, do not have."""
    split = words.index("--")
    return [f"{program.name} has no {word}"
            for program, part in ((HOOK, words[:split]), (DEVICE, words[split + 1:]))
            for told in [subprocess.check_output([program, "--help"], text=True)]
            for word in part
            if not re.search(rf"^ *{re.escape(word.partition('=')[0])}\b", told, re.MULTILINE)]


def complaints(things):
    told = [one for thing in things.values() for one in fields.complaints_of(thing)]
    told += fields.complaints(sidecars(things), fields.HOOK_SIDECARS, "hookSidecars")
    for words in arguments(things):
        told += complaints_of_arguments(words)
    bound = things["MutatingAdmissionPolicyBinding"]["spec"]["policyName"]
    if bound != things["MutatingAdmissionPolicy"]["metadata"]["name"]:
        told.append(f"there is no policy {bound}")
    socket = things["Plugin"]["spec"]["domainHooks"][0]["sidecar"]["socketPath"]
    if f"--socket={socket}" not in arguments(things)[-1]:
        told.append(f"the policy's container does not listen at {socket}")
    for one in sidecars(things):
        path = one["configMap"]["hookPath"]
        if f"--tls-ca={path}" not in one["args"]:
            told.append(f"nobody reads {path}")
    return told


def sidecar_is(**changes):
    """Changes the annotation's first sidecar."""
    def change(things):
        changed = [{**one, **changes} for one in sidecars(things)]
        metadata = things["VirtualMachine"]["spec"]["template"]["metadata"]
        metadata["annotations"][ANNOTATION] = json.dumps(changed)
    return change


# Each breaks the manifests in one way: how, and what is said of it.
BREAKS = (
    (lambda t: t["VirtualMachine"]["spec"].update(runstrategy="Always"), "spec.runstrategy"),
    (lambda t: t["VirtualMachine"]["spec"].update(runStrategy="On"), "'On', none of"),
    (lambda t: t["VirtualMachine"]["spec"]["template"]["spec"].pop("domain"), "domain is missing"),
    (lambda t: t["VirtualMachine"]["spec"]["template"]["spec"]["domain"]["cpu"].update(cores="2"),
     "cores is no int"),
    (lambda t: t["KubeVirt"]["spec"]["configuration"]["developerConfiguration"]["featureGates"]
     .append("Sidecars"), "'Sidecars'"),
    (lambda t: t["KubeVirt"]["spec"]["configuration"]["supportContainerResources"][0].update(
        type="side-car"), "'side-car'"),
    (lambda t: t["Plugin"]["spec"]["domainHooks"][0].update(onFailure="Ignore"), "onFailure"),
    (lambda t: t["Plugin"]["spec"]["domainHooks"][0]["sidecar"].update(socketPath="/a"),
     "does not listen at /a"),
    (lambda t: t["MutatingAdmissionPolicyBinding"]["spec"].update(policyName="other"),
     "no policy other"),
    (sidecar_is(pullPolicy="Always"), "hookSidecars[0].pullPolicy"),
    (sidecar_is(args=["--on-failure=fail", "--", "--servr=a:1"]), "earshot-device has no --servr"),
    (sidecar_is(args=["--on-fail=fail", "--"]), "earshot-kubevirt-hook has no --on-fail"),
    (sidecar_is(args=["--"]), "nobody reads /etc/earshot/ca.crt"),
)


@case("kubevirt_manifests", "KubeVirt's API and our programs have what the manifests say")
def kubevirt_manifests(_):
    things = load()
    told = complaints(things)
    require(not told, "; ".join(told))
    for damage, expected in BREAKS:
        broken = copy.deepcopy(things)
        damage(broken)
        told = complaints(broken)
        require(any(expected in one for one in told), f"'{expected}' is not found: {told}")
    return {"manifests": len(things), "breaks": len(BREAKS)}
