"""A gRPC client that knows a server only by what its reflection tells."""
import functools
import importlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

HERE = Path(__file__).resolve().parent
FAST_RECONNECT = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50),
                  ("grpc.max_reconnect_backoff_ms", 100)]


@functools.cache
def _compile_reflection():
    """The messages of reflection itself, compiled by protoc."""
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["protoc", f"--proto_path={HERE}", f"--python_out={out}", "reflection.proto"],
                       check=True)
        sys.path.insert(0, out)
        try:
            return importlib.import_module("reflection_pb2")
        finally:
            sys.path.pop(0)


class ReflectionClient:
    """Calls methods by name, from any thread; requests and responses are dicts."""

    def __init__(self, target):
        self._reflection = _compile_reflection()
        self._channel = grpc.insecure_channel(target, FAST_RECONNECT)
        self._pool = descriptor_pool.DescriptorPool()
        self._known = set()
        self._learning = threading.Lock()  # guards _pool and _known

    def close(self):
        self._channel.close()

    def await_ready(self, timeout):
        """Waits for a connection; raises grpc.FutureTimeoutError."""
        grpc.channel_ready_future(self._channel).result(timeout)

    def services(self):
        """The names of the server's services."""
        request = self._reflection.ServerReflectionRequest(list_services="*")
        return [service.name for service in self._ask(request).list_services_response.service]

    def file_of(self, symbol):
        """The name of the file that defines it; LookupError if none does."""
        request = self._reflection.ServerReflectionRequest(file_containing_symbol=symbol)
        content = self._ask(request).file_descriptor_response.file_descriptor_proto[0]
        return descriptor_pb2.FileDescriptorProto.FromString(content).name

    def call(self, method, timeout=5, **fields):
        """Calls the unary "package.Service/Method" with a request of these fields."""
        invoke, request = self._invocation(self._channel.unary_unary, method, fields)
        return self._as_dict(invoke(request, timeout=timeout))

    def stream(self, method, **fields):
        """Calls a server-streaming method; yields its responses, until it ends
        or the client is closed."""
        invoke, request = self._invocation(self._channel.unary_stream, method, fields)
        for response in invoke(request):
            yield self._as_dict(response)

    def _invocation(self, arity, method, fields):
        service_name, _, method_name = method.partition("/")
        descriptor = self._service(service_name).methods_by_name[method_name]
        factory = message_factory.MessageFactory(self._pool)
        request = json_format.ParseDict(fields, factory.GetPrototype(descriptor.input_type)())
        response_type = factory.GetPrototype(descriptor.output_type)
        invoke = arity("/" + method, request_serializer=lambda message: message.SerializeToString(),
                       response_deserializer=response_type.FromString)
        return invoke, request

    @staticmethod
    def _as_dict(message):
        return json_format.MessageToDict(message, including_default_value_fields=True,
                                         preserving_proto_field_name=True)

    def _service(self, name):
        with self._learning:
            if name not in self._known:
                self._learn(self._reflection.ServerReflectionRequest(file_containing_symbol=name))
                self._known.add(name)
            return self._pool.FindServiceByName(name)

    def _learn(self, request):
        """Adds a file to the pool, after those that it imports."""
        for content in self._ask(request).file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(content)
            if file.name in self._known:
                continue
            self._known.add(file.name)
            for dependency in file.dependency:
                if dependency not in self._known:
                    self._learn(self._reflection.ServerReflectionRequest(
                        file_by_filename=dependency))
            self._pool.Add(file)

    def _ask(self, request):
        ask = self._channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self._reflection.ServerReflectionResponse.FromString)
        response = next(iter(ask(iter([request]), timeout=5)))
        if response.HasField("error_response"):
            raise LookupError(response.error_response.error_message)
        return response
