"""cc_grpc_proto_library: runs Debian's protoc and grpc_cpp_plugin."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")

def cc_grpc_proto_library(name, srcs, root = "proto", deps = [], grpc = False, visibility = None):
    """C++ messages (and gRPC stubs) of .proto files.

    Args:
      name: the cc_library's name.
      srcs: the .proto files, in this package.
      root: the folder, above this package, that import paths start from.
      deps: other cc_grpc_proto_library targets whose .proto files it imports.
      grpc: whether they have services.
      visibility: as usual.
    """
    package = native.package_name()
    bases = [src[:-len(".proto")] for src in srcs]
    hdrs = [base + ".pb.h" for base in bases]
    outs = [base + ".pb.cc" for base in bases]
    flags = ["--cpp_out=$(GENDIR)/" + root]
    tools = ["@system//:bin/protoc"]
    libs = ["@system//:protobuf"]
    if grpc:
        hdrs += [base + ".grpc.pb.h" for base in bases]
        outs += [base + ".grpc.pb.cc" for base in bases]
        tools.append("@system//:bin/grpc_cpp_plugin")
        flags += [
            "--plugin=protoc-gen-grpc=$(execpath @system//:bin/grpc_cpp_plugin)",
            "--grpc_out=$(GENDIR)/" + root,
        ]
        libs = ["@system//:grpc++"]
    files = ["%s/%s" % (package, src) for src in srcs]
    native.filegroup(
        name = name + "_proto",
        srcs = srcs + [d + "_proto" for d in deps],
        visibility = visibility,
    )
    native.genrule(
        name = name + "_gen",
        srcs = srcs + [d + "_proto" for d in deps],
        outs = hdrs + outs,
        cmd = "$(execpath @system//:bin/protoc) -I%s -I/usr/include %s %s" % (
            root,
            " ".join(flags),
            " ".join(files),
        ),
        exec_tools = tools,
        message = "Generating C++ of " + package,
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        srcs = outs,
        hdrs = hdrs,
        copts = ["-w"],
        linkstatic = True,
        strip_include_prefix = "/" + root,
        visibility = visibility,
        deps = deps + libs,
    )
