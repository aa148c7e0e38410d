"""Exposes Debian's system libraries and protobuf compilers as @system//:<name>.

The headers are in /usr/include, which the C++ toolchain already treats as a
built-in include directory, so a target is only link flags plus a -D with a
number that stands for the installed versions: Bazel does not track headers of
built-in include directories, and this makes an upgrade recompile.
"""

# name: (Debian package, linkopts, deps in this repository)
_LIBS = {
    "alsa": ("libasound2-dev", ["-lasound"], []),
    "benchmark": ("libbenchmark-dev", ["-lbenchmark", "-lpthread"], []),
    "benchmark_main": ("libbenchmark-dev", ["-lbenchmark_main"], [":benchmark"]),
    "boost": ("libboost-dev", [], []),
    "boost_program_options": ("libboost-program-options-dev", ["-lboost_program_options"], []),
    "cjose": ("libcjose-dev", ["-lcjose", "-ljansson"], [":crypto"]),
    "crypto": ("libssl-dev", ["-lcrypto"], []),
    "gmock": ("libgmock-dev", ["-lgmock"], [":gtest"]),
    "gmock_main": ("libgmock-dev", ["-lgmock_main"], [":gmock"]),
    "cap": ("libcap-dev", ["-lcap"], []),
    "grpc++": (
        "libgrpc++-dev",
        ["-lgrpc++", "-lgrpc", "-lgpr"],
        [":absl", ":protobuf"],
    ),
    "grpc++_channelz": ("libgrpc++-dev", ["-lgrpcpp_channelz"], [":grpc++"]),
    "grpc++_reflection": ("libgrpc++-dev", ["-lgrpc++_reflection"], [":grpc++"]),
    "gtest": ("libgtest-dev", ["-lgtest", "-lpthread"], []),
    "gtest_main": ("libgtest-dev", ["-lgtest_main"], [":gtest"]),
    "nghttp2": ("libnghttp2-dev", ["-lnghttp2"], []),
    "ogg": ("libogg-dev", ["-logg"], []),
    "opus": ("libopus-dev", ["-lopus"], []),
    "opusfile": ("libopusfile-dev", ["-lopusfile"], [":ogg", ":opus"]),
    "prometheus_core": ("prometheus-cpp-dev", ["-lprometheus-cpp-core"], []),
    "prometheus_pull": ("prometheus-cpp-dev", ["-lprometheus-cpp-pull"], [":prometheus_core"]),
    "protobuf": ("libprotobuf-dev", ["-lprotobuf", "-lpthread"], []),
    "pugixml": ("libpugixml-dev", ["-lpugixml"], []),
    "pulse": ("libpulse-dev", ["-lpulse"], []),
    "pulse_simple": ("libpulse-dev", ["-lpulse-simple"], [":pulse"]),
    "seccomp": ("libseccomp-dev", ["-lseccomp"], []),
    "sndfile": ("libsndfile1-dev", ["-lsndfile"], []),
    "ssl": ("libssl-dev", ["-lssl"], [":crypto"]),
    "spdlog": ("libspdlog-dev", ["-lspdlog", "-lfmt", "-lpthread"], []),
    "soxr": ("libsoxr-dev", ["-lsoxr"], []),
}

# Preprocessor names that a library's headers need.
_DEFINES = {
    "spdlog": ["SPDLOG_COMPILED_LIB", "SPDLOG_FMT_EXTERNAL", "SPDLOG_SHARED_LIB"],
}

# Packages whose headers count, but which are no library of the table.
_ALSO = [
    "g++",
    "libabsl-dev",
    "libc6-dev",
]

# Small interfaces, the same in every version of a release: an upgrade, or
# the first use of one, recompiles nothing.
_STABLE = [
    "libcap-dev",
    "libcjose-dev",
    "libnghttp2-dev",
    "libogg-dev",
    "libopusfile-dev",
    "libpugixml-dev",
    "libseccomp-dev",
    "libssl-dev",
]

_TOOLS = {
    "grpc_cpp_plugin": "protobuf-compiler-grpc",
    "protoc": "protobuf-compiler",
}

def _installed(ctx, packages):
    """Returns `package version` lines; fails with the apt-get line to run."""
    query = ["dpkg-query", "-W", "-f", "${Status} ${Package} ${Version}\\n"]
    out = ctx.execute(query + packages).stdout
    prefix = "install ok installed "
    lines = [line[len(prefix):] for line in out.splitlines() if line.startswith(prefix)]
    have = [line.split(" ")[0] for line in lines]
    missing = [p for p in packages if p not in have]
    if missing:
        fail("Missing Debian packages; run deploy/install-deps (or: apt-get install " + " ".join(missing) + ")")
    return "\n".join(sorted(lines)) + "\n"

def _absl_libs(ctx):
    """Returns -l flags for all of Abseil's shared libraries.

    Abseil's headers call into many small libraries, which differ from one
    release to the next; the linker keeps the needed ones.
    """
    files = ctx.execute(["dpkg-query", "-L", "libabsl-dev"]).stdout.splitlines()
    names = [f.split("/")[-1] for f in files if f.endswith(".so")]
    return sorted(["-l" + n[len("lib"):-len(".so")] for n in names if n.startswith("libabsl_")])

def _system_libs_impl(ctx):
    packages = {package: None for package in _ALSO}
    for package, _, _ in _LIBS.values():
        packages[package] = None
    for package in _TOOLS.values():
        packages[package] = None
    _installed(ctx, _STABLE)
    versions = _installed(ctx, sorted([p for p in packages if p not in _STABLE]))
    defines = ["SYSTEM_LIBS_KEY=%s" % str(hash(versions)).replace("-", "")]

    libs = dict(_LIBS)
    libs["absl"] = (
        "libabsl-dev",
        ["-Wl,--push-state,--as-needed"] + _absl_libs(ctx) + ["-Wl,--pop-state"],
        [],
    )
    build = ["package(default_visibility = [\"//visibility:public\"])\n\n"]
    build.append("exports_files([\"versions.txt\"] + glob([\"bin/*\"]))\n")
    for name in sorted(libs):
        _, linkopts, deps = libs[name]
        build.append(
            "\ncc_library(\n    name = %r,\n    defines = %r,\n    linkopts = %r,\n    deps = %r,\n)\n" %
            (name, defines + _DEFINES.get(name, []), linkopts, deps),
        )
    for tool in _TOOLS:
        ctx.symlink("/usr/bin/" + tool, "bin/" + tool)
    ctx.file("versions.txt", versions)
    ctx.file("BUILD.bazel", "".join(build))

# local: runs again whenever a Bazel server starts.
system_libs = repository_rule(
    implementation = _system_libs_impl,
    configure = True,
    local = True,
)
