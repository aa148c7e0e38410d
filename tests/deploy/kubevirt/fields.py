"""What the APIs of KubeVirt 1.9 have, and Kubernetes' of mutating policies, as far
as our manifests reach into them: the npm package with Kubernetes' types has neither.

A type is a dict of its fields, with "!" behind those that have to be there; [T] is
a list of T, a set the words that are allowed, `Map` any keys with texts. ANY is a
field that there is, and that we do not use: put its type here before it is used."""

ANY = object()
Map = dict


def fields(names):
    """Fields that there are, and that we do not use."""
    return {name: ANY for name in names.split()}


METADATA = {"name": str, "namespace": str, "labels": Map, "annotations": Map,
            **fields("generateName finalizers ownerReferences")}
RESOURCES = {"requests": Map, "limits": Map}

# kubevirt.io/v1
DISK_TARGET = {"bus": {"virtio", "sata", "scsi", "usb"}, **fields("readonly pciAddress")}
DISK = {"name!": str, "disk": DISK_TARGET,
        **fields("lun cdrom bootOrder serial dedicatedIOThread cache io tag blockSize shareable "
                 "errorPolicy changedBlockTracking")}
INTERFACE = {"name!": str, "masquerade": {},
             **fields("model bridge sriov passtBinding binding ports macAddress bootOrder "
                      "pciAddress dhcpOptions tag acpiIndex state")}
DEVICES = {"disks": [DISK], "interfaces": [INTERFACE],
           **fields("useVirtioTransitional disableHotplug watchdog inputs autoattachPodInterface "
                    "autoattachGraphicsDevice autoattachSerialConsole logSerialConsole "
                    "autoattachMemBalloon autoattachInputDevice autoattachVSOCK rng "
                    "blockMultiQueue networkInterfaceMultiqueue gpus downwardMetrics panicDevices "
                    "filesystems hostDevices clientPassthrough sound tpm video")}
CPU = {"cores": int, **fields("sockets maxSockets threads model features dedicatedCpuPlacement "
                              "numa isolateEmulatorThread realtime")}
MEMORY = {"guest": str, **fields("hugepages maxGuest")}
DOMAIN = {"cpu": CPU, "memory": MEMORY, "devices!": DEVICES,
          **fields("resources machine firmware clock features ioThreadsPolicy ioThreads chassis "
                   "launchSecurity rebootPolicy")}
NETWORK = {"name!": str, "pod": fields("vmNetworkCIDR vmIPv6NetworkCIDR"), "multus": ANY}
VOLUME = {"name!": str,
          "containerDisk": {"image!": str, **fields("imagePullSecret path imagePullPolicy")},
          **fields("hostDisk persistentVolumeClaim cloudInitNoCloud cloudInitConfigDrive sysprep "
                   "ephemeral emptyDisk dataVolume configMap secret downwardAPI serviceAccount "
                   "downwardMetrics memoryDump")}
INSTANCE = {"domain!": DOMAIN, "networks": [NETWORK], "volumes": [VOLUME],
            "evictionStrategy": {"None", "LiveMigrate", "LiveMigrateIfPossible", "External"},
            **fields("accessCredentials affinity architecture dnsConfig dnsPolicy hostname "
                     "livenessProbe nodeSelector priorityClassName readinessProbe resourceClaims "
                     "schedulerName startStrategy subdomain terminationGracePeriodSeconds "
                     "tolerations topologySpreadConstraints utilityVolumes")}
VIRTUAL_MACHINE = {
    "runStrategy": {"Always", "Halted", "Manual", "RerunOnFailure", "Once"},
    "template!": {"metadata": METADATA, "spec": INSTANCE},
    **fields("running instancetype preference dataVolumeTemplates updateVolumesStrategy")}
KUBEVIRT = {
    "configuration": {
        "developerConfiguration": {
            "featureGates": [{"Sidecar", "Plugins"}],
            **fields("pvcTolerateLessSpaceUpToPercent minimumReservePVCBytes memoryOvercommit "
                     "nodeSelectors useEmulation cpuAllocationRatio minimumClusterTSCFrequency "
                     "diskVerification logVerbosity")},
        "supportContainerResources": [{
            "type!": {"hotplug-disk", "container-disk", "virtiofs", "sidecar", "vmexport",
                      "guest-console-log"},
            "resources!": RESOURCES}],
        **fields("imagePullPolicy migrations network evictionStrategy permittedHostDevices")},
    **fields("imageTag imageRegistry imagePullPolicy imagePullSecrets workloadUpdateStrategy "
             "uninstallStrategy certificateRotateStrategy infra workloads customizeComponents")}
# The annotation's own, which KubeVirt passes over in silence if it does not know
# them.
HOOK_SIDECARS = [{
    "image": str, "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "command": [str], "args": [str],
    "configMap": {"name!": str, "key!": str, "hookPath!": str},
    "pvc": {"name!": str, "volumePath!": str, "sharedComputePath": str}}]

# plugin.kubevirt.io/v1alpha1
STRATEGY = {"Fail", "Ignore"}
DOMAIN_HOOK = {"sidecar": {"socketPath!": str}, "failureStrategy": STRATEGY, "timeout": str,
               **fields("cel condition")}
PLUGIN = {"condition": str, "failureStrategy": STRATEGY, "domainHooks": [DOMAIN_HOOK],
          "mutatingAdmissionPolicies": [{"name!": str}],
          **fields("nodeHooks validatingAdmissionPolicies mutatingAdmissionWebhooks "
                   "validatingAdmissionWebhooks")}

# admissionregistration.k8s.io/v1
RULE = {"operations": [{"CREATE", "UPDATE", "DELETE", "CONNECT", "*"}], "apiGroups": [str],
        "apiVersions": [str], "resources": [str], **fields("resourceNames scope")}
POLICY = {
    "failurePolicy": STRATEGY, "reinvocationPolicy!": {"Never", "IfNeeded"},
    "matchConstraints": {"resourceRules": [RULE],
                         **fields("namespaceSelector objectSelector excludeResourceRules "
                                  "matchPolicy")},
    "matchConditions": [{"name!": str, "expression!": str}],
    "mutations": [{"patchType!": {"JSONPatch", "ApplyConfiguration"},
                   "jsonPatch": {"expression": str}, "applyConfiguration": {"expression": str}}],
    **fields("paramKind variables")}
BINDING = {"policyName": str, **fields("paramRef matchResources")}

SPECS = {
    ("kubevirt.io/v1", "VirtualMachine"): VIRTUAL_MACHINE,
    ("kubevirt.io/v1", "KubeVirt"): KUBEVIRT,
    ("plugin.kubevirt.io/v1alpha1", "Plugin"): PLUGIN,
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"): POLICY,
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"): BINDING,
}


def complaints(value, kind, place=""):
    """What is wrong with a value of that type, each with its place."""
    if kind is ANY:
        return [f"{place}: put its type into fields.py"]
    if kind is Map:
        return [] if isinstance(value, dict) and all(
            isinstance(one, str) for one in value.values()) else [f"{place} is no map of texts"]
    if isinstance(kind, set):
        return [] if value in kind else [f"{place} is '{value}', none of {sorted(kind)}"]
    if isinstance(kind, list):
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [one for number, each in enumerate(value)
                for one in complaints(each, kind[0], f"{place}[{number}]")]
    if isinstance(kind, dict):
        return _complaints_of_fields(value, kind, place)
    return [] if type(value) is kind else [f"{place} is no {kind.__name__}"]


def _complaints_of_fields(value, kind, place):
    if not isinstance(value, dict):
        return [f"{place} has no fields"]
    kinds = {name.rstrip("!"): one for name, one in kind.items()}
    told = [f"{place}.{name} is missing" for name in
            (name[:-1] for name in kind if name.endswith("!")) if name not in value]
    for name, one in value.items():
        told += (complaints(one, kinds[name], f"{place}.{name}") if name in kinds
                 else [f"there is no {place}.{name}"])
    return told


def complaints_of(thing):
    """What is wrong with a manifest."""
    spec = SPECS.get((thing["apiVersion"], thing["kind"]))
    if spec is None:
        return [f"there is no {thing['apiVersion']} {thing['kind']}"]
    kind = {"apiVersion!": str, "kind!": str, "metadata!": METADATA, "spec!": spec}
    return complaints(thing, kind, thing["kind"])
