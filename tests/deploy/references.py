"""Checks that what Kubernetes manifests name exists: volumes, ports, selectors,
Secrets and ConfigMaps with their keys, flags of our programs. The schema knows
nothing of that, and a cluster says it late, or never."""
import re

# What cert-manager puts into the Secret of a Certificate.
CERTIFICATE_KEYS = {"tls.crt", "tls.key", "ca.crt"}
FILE_FLAG = re.compile(r"--[\w-]+=(/[^,]*)")


def pod_of(thing):
    """(metadata, spec) of the pod that a manifest makes, or None."""
    if thing["kind"] == "Pod":
        return thing["metadata"], thing["spec"]
    template = thing.get("spec", {}).get("template")
    return (template["metadata"], template["spec"]) if template else None


def containers_of(spec):
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def matches(selector, metadata):
    labels = metadata.get("labels", {})
    wanted = selector.get("matchLabels", selector) if selector else {}
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


class Checker:
    """Of one rendered set of manifests; `programs` is {name: its --help}, and
    `others` are sets that stand beside it."""

    def __init__(self, things, programs, others=()):
        self.things = things
        self.programs = programs
        self.known = [*things, *others]
        self.complaints = []

    def complain(self, thing, text):
        self.complaints.append(f"{thing['kind']}/{thing['metadata']['name']}: {text}")

    def of_kind(self, *kinds):
        return [thing for thing in self.known if thing["kind"] in kinds]

    def run(self):
        """What is wrong, one line each."""
        for thing in self.things:
            pod = pod_of(thing)
            if pod:
                self._pod(thing, *pod)
            check = getattr(self, "check_" + thing["kind"].lower(), None)
            if check:
                check(thing)
        return self.complaints

    def _keys(self, thing, kind, name):
        """The keys of a Secret or ConfigMap of the same namespace."""
        for one in self.of_kind(kind):
            if one["metadata"]["name"] == name and self._beside(one, thing):
                return {*one.get("data", {}), *one.get("stringData", {})}
        if kind == "Secret":
            for one in self.of_kind("Certificate"):
                if one["spec"]["secretName"] == name and self._beside(one, thing):
                    return CERTIFICATE_KEYS
        self.complain(thing, f"there is no {kind} {name}")
        return None

    @staticmethod
    def _beside(one, other):
        return one["metadata"].get("namespace") == other["metadata"].get("namespace")

    def _pod(self, thing, metadata, spec):
        volumes = {}
        for volume in spec.get("volumes", ()):
            kind, key = (("Secret", "secretName") if "secret" in volume else
                         ("ConfigMap", "name") if "configMap" in volume else (None, None))
            source = volume.get("secret") or volume.get("configMap") or {}
            volumes[volume["name"]] = self._keys(thing, kind, source[key]) if kind else None
        used = set()
        for container in containers_of(spec):
            self._container(thing, container, volumes, used)
        for name in set(volumes) - used:
            self.complain(thing, f"nobody mounts the volume {name}")
        selector = thing.get("spec", {}).get("selector")
        if thing["kind"] != "Pod" and not matches(selector, metadata):
            self.complain(thing, "its selector does not match its own pods")

    def _container(self, thing, container, volumes, used):
        mounts = {}
        for mount in container.get("volumeMounts", ()):
            name = mount["name"]
            used.add(name)
            if name not in volumes:
                self.complain(thing, f"{container['name']}: there is no volume {name}")
            mounts[mount["mountPath"]] = volumes.get(name)
        for variable in container.get("env", ()):
            for kind, key in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                source = variable.get("valueFrom", {}).get(key)
                if source:
                    keys = self._keys(thing, kind, source["name"])
                    if keys is not None and source["key"] not in keys:
                        self.complain(thing, f"{kind} {source['name']} has no {source['key']}")
        ports = {port.get("name") for port in container.get("ports", ())}
        numbers = {port["containerPort"] for port in container.get("ports", ())}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for kind in ("grpc", "httpGet", "tcpSocket"):
                port = container.get(probe, {}).get(kind, {}).get("port")
                if port is not None and port not in ports | numbers:
                    self.complain(thing, f"{container['name']}: {probe} asks no port of its "
                                         f"own: {port}")
        self._arguments(thing, container, mounts, numbers)

    def _arguments(self, thing, container, mounts, numbers):
        program = container["image"].rpartition("/")[2].partition(":")[0]
        if program not in self.programs:
            return
        flags = set(re.findall(r"^\s+--([\w-]+)", self.programs[program], re.MULTILINE))
        for word in container.get("args", ()):
            flag = word.removeprefix("--").partition("=")[0]
            if flag not in flags:
                self.complain(thing, f"{program} has no flag --{flag}")
            path = FILE_FLAG.fullmatch(word)
            if path:
                folder, _, name = path.group(1).rpartition("/")
                if folder not in mounts:
                    self.complain(thing, f"{word}: nothing is mounted there")
                elif mounts[folder] is not None and name not in mounts[folder]:
                    self.complain(thing, f"{word}: the volume has no {name}")
            if flag in ("listen", "metrics", "health"):
                port = int(word.rpartition(":")[2])
                if numbers and port not in numbers:
                    self.complain(thing, f"{word}: no port of the container")
            if flag == "server":
                self._target(thing, word.partition("=")[2])

    def _target(self, thing, servers):
        for server in servers.split(","):
            found = re.fullmatch(r"dns:///([\w-]+)\.([\w-]+)\.svc:(\d+)", server)
            if not found:
                continue
            name, namespace, port = found.groups()
            if not any(one["metadata"]["name"] == name
                       and one["metadata"].get("namespace") == namespace
                       and int(port) in [each["port"] for each in one["spec"]["ports"]]
                       for one in self.of_kind("Service")):
                self.complain(thing, f"there is no Service {name} in {namespace} with port {port}")

    def _pods(self, thing, selector):
        """Specs of the pods that a selector means, next to `thing`."""
        return [pod[1] for one in self.known for pod in [pod_of(one)]
                if pod and self._beside(one, thing) and matches(selector, pod[0])]

    def _require_pods(self, thing, selector, ports=()):
        pods = self._pods(thing, selector)
        if not pods:
            self.complain(thing, "its selector matches no pod")
        for port in ports:
            known = {value for pod in pods for container in containers_of(pod)
                     for each in container.get("ports", ())
                     for value in (each.get("name"), each["containerPort"])}
            if pods and port not in known:
                self.complain(thing, f"no pod that it selects has a port {port}")

    def check_service(self, thing):
        spec = thing["spec"]
        self._require_pods(thing, spec["selector"],
                           [port.get("targetPort", port["port"]) for port in spec["ports"]])

    def check_poddisruptionbudget(self, thing):
        self._require_pods(thing, thing["spec"]["selector"])

    def check_networkpolicy(self, thing):
        ports = [port["port"] for rule in thing["spec"].get("ingress", ())
                 for port in rule.get("ports", ())]
        self._require_pods(thing, thing["spec"]["podSelector"], ports)

    def check_podmonitor(self, thing):
        self._require_pods(thing, thing["spec"]["selector"],
                           [one["port"] for one in thing["spec"]["podMetricsEndpoints"]])

    def check_horizontalpodautoscaler(self, thing):
        target = thing["spec"]["scaleTargetRef"]
        if not any(one["metadata"]["name"] == target["name"] and self._beside(one, thing)
                   for one in self.of_kind(target["kind"])):
            self.complain(thing, f"there is no {target['kind']} {target['name']}")
