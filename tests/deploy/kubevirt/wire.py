"""KubeVirt's interfaces to hooks as virt-launcher speaks them: the names and
numbers of its messages, written down apart from deploy/kubevirt/proto."""
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
TEXT, BYTES, INT32 = FIELD.TYPE_STRING, FIELD.TYPE_BYTES, FIELD.TYPE_INT32
HOOKS = "kubevirt.hooks"
# package: {message: [(field, number, type, repeated)]}; a type that is a word
# is a message.
MESSAGES = {
    f"{HOOKS}.info": {
        "HookPoint": [("name", 1, TEXT, False), ("priority", 2, INT32, False)],
        "InfoParams": [],
        "InfoResult": [("name", 1, TEXT, False), ("hookPoints", 3, "HookPoint", True),
                       ("versions", 4, TEXT, True)],
    },
    f"{HOOKS}.v1alpha3": {
        "OnDefineDomainParams": [("domainXML", 1, BYTES, False), ("vmi", 2, BYTES, False)],
        "OnDefineDomainResult": [("domainXML", 1, BYTES, False)],
        "PreCloudInitIsoParams": [("cloudInitNoCloudSource", 1, BYTES, False),
                                  ("vmi", 2, BYTES, False), ("cloudInitData", 3, BYTES, False)],
        "PreCloudInitIsoResult": [("cloudInitNoCloudSource", 1, BYTES, False),
                                  ("cloudInitData", 3, BYTES, False)],
        "ShutdownParams": [],
        "ShutdownResult": [],
    },
    f"{HOOKS}.plugins.v1alpha1": {
        "SidecarContext": [("invocation_context", 1, TEXT, False)],
        "MutateDomainRequest": [("domain_type", 1, TEXT, False), ("domain", 2, BYTES, False),
                                ("vmi", 3, BYTES, False),
                                ("sidecar_context", 4, "SidecarContext", False)],
        "MutateDomainResponse": [("domain", 1, BYTES, False)],
    },
}
# method: its request and its response.
METHODS = {
    f"{HOOKS}.info.Info/Info": ("InfoParams", "InfoResult"),
    f"{HOOKS}.v1alpha3.Callbacks/OnDefineDomain": ("OnDefineDomainParams",
                                                   "OnDefineDomainResult"),
    f"{HOOKS}.v1alpha3.Callbacks/PreCloudInitIso": ("PreCloudInitIsoParams",
                                                    "PreCloudInitIsoResult"),
    f"{HOOKS}.v1alpha3.Callbacks/Shutdown": ("ShutdownParams", "ShutdownResult"),
    f"{HOOKS}.plugins.v1alpha1.DomainHookService/MutateDomain": ("MutateDomainRequest",
                                                                 "MutateDomainResponse"),
}


def _pool():
    pool = descriptor_pool.DescriptorPool()
    for package, messages in MESSAGES.items():
        file = descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax="proto3")
        for name, fields in messages.items():
            message = file.message_type.add(name=name)
            for field_name, number, kind, repeated in fields:
                field = message.field.add(
                    name=field_name, number=number,
                    label=FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL)
                if isinstance(kind, str):
                    field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{package}.{kind}"
                else:
                    field.type = kind
        pool.Add(file)
    return pool


_FACTORY = message_factory.MessageFactory(_pool())


def _message(package, name):
    return _FACTORY.GetPrototype(_FACTORY.pool.FindMessageTypeByName(f"{package}.{name}"))


class HookClient:
    """Calls the hook at a socket."""

    def __init__(self, socket):
        self._channel = grpc.insecure_channel(f"unix:{socket}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def call(self, method, timeout, **fields):
        """Calls "package.Service/Method"; raises grpc.RpcError."""
        package = method.rpartition("/")[0].rpartition(".")[0]
        request, response = METHODS[method]
        invoke = self._channel.unary_unary(
            "/" + method, request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=_message(package, response).FromString)
        return invoke(_message(package, request)(**fields), timeout=timeout, wait_for_ready=False)

    def info(self):
        """What it says of itself, as virt-launcher asks: within a second."""
        return json_format.MessageToDict(self.call(f"{HOOKS}.info.Info/Info", 1))

    def define(self, domain, vmi):
        """The domain as the hook sidecar returns it."""
        return self.call(f"{HOOKS}.v1alpha3.Callbacks/OnDefineDomain", 60, domainXML=domain,
                         vmi=vmi).domainXML

    def mutate(self, domain, vmi, domain_type="libvirt"):
        """The domain as the plugin returns it."""
        return self.call(f"{HOOKS}.plugins.v1alpha1.DomainHookService/MutateDomain", 30,
                         domain_type=domain_type, domain=domain, vmi=vmi,
                         sidecar_context={"invocation_context": "Boot"}).domain

    def shutdown(self):
        self.call(f"{HOOKS}.v1alpha3.Callbacks/Shutdown", 60)
