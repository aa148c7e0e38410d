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
    "gmock": ("libgmock-dev", ["-lgmock"], [":gtest"]),
    "gmock_main": ("libgmock-dev", ["-lgmock_main"], [":gmock"]),
    "grpc++": (
        "libgrpc++-dev",
        ["-lgrpc++", "-lgrpc", "-lgpr"],
        [":absl", ":protobuf"],
    ),
    "grpc++_channelz": ("libgrpc++-dev", ["-lgrpcpp_channelz"], [":grpc++"]),
    "grpc++_reflection": ("libgrpc++-dev", ["-lgrpc++_reflection"], [":grpc++"]),
    "gtest": ("libgtest-dev", ["-lgtest", "-lpthread"], []),
    "gtest_main": ("libgtest-dev", ["-lgtest_main"], [":gtest"]),
    "opus": ("libopus-dev", ["-lopus"], []),
    "prometheus_core": ("prometheus-cpp-dev", ["-lprometheus-cpp-core"], []),
    "prometheus_pull": ("prometheus-cpp-dev", ["-lprometheus-cpp-pull"], [":prometheus_core"]),
    "protobuf": ("libprotobuf-dev", ["-lprotobuf", "-lpthread"], []),
    "pulse": ("libpulse-dev", ["-lpulse"], []),
    "pulse_simple": ("libpulse-dev", ["-lpulse-simple"], [":pulse"]),
    "sndfile": ("libsndfile1-dev", ["-lsndfile"], []),
    "spdlog": ("libspdlog-dev", ["-lspdlog", "-lfmt", "-lpthread"], []),
    "soxr": ("libsoxr-dev", ["-lsoxr"], []),
}

# Preprocessor names that a library's headers need.
_DEFINES = {
    "spdlog": ["SPDLOG_COMPILED_LIB", "SPDLOG_FMT_EXTERNAL", "SPDLOG_SHARED_LIB"],
}

# Abseil's headers call into many small libraries; the linker keeps the needed
# ones. These are all of libabsl-dev's but the ones for tests.
_ABSL_LIBS = [
    "bad_any_cast_impl",
    "bad_optional_access",
    "bad_variant_access",
    "base",
    "city",
    "civil_time",
    "cord",
    "cord_internal",
    "cordz_functions",
    "cordz_handle",
    "cordz_info",
    "cordz_sample_token",
    "debugging_internal",
    "demangle_internal",
    "examine_stack",
    "exponential_biased",
    "failure_signal_handler",
    "flags_commandlineflag",
    "flags_commandlineflag_internal",
    "flags_config",
    "flags_internal",
    "flags_marshalling",
    "flags_parse",
    "flags_private_handle_accessor",
    "flags_program_name",
    "flags_reflection",
    "flags_usage",
    "flags_usage_internal",
    "graphcycles_internal",
    "hash",
    "hashtablez_sampler",
    "int128",
    "leak_check",
    "log_severity",
    "low_level_hash",
    "malloc_internal",
    "periodic_sampler",
    "random_distributions",
    "random_internal_platform",
    "random_internal_pool_urbg",
    "random_internal_randen",
    "random_internal_randen_hwaes",
    "random_internal_randen_hwaes_impl",
    "random_internal_randen_slow",
    "random_internal_seed_material",
    "random_seed_gen_exception",
    "random_seed_sequences",
    "raw_hash_set",
    "raw_logging_internal",
    "spinlock_wait",
    "stacktrace",
    "status",
    "statusor",
    "str_format_internal",
    "strerror",
    "strings",
    "strings_internal",
    "symbolize",
    "synchronization",
    "throw_delegate",
    "time",
    "time_zone",
]

# Packages whose headers or files count, but which are no library of the table.
_ALSO = [
    "g++",
    "grpc-proto",
    "libabsl-dev",
    "libc6-dev",
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

def _system_libs_impl(ctx):
    packages = {package: None for package in _ALSO}
    for package, _, _ in _LIBS.values():
        packages[package] = None
    for package in _TOOLS.values():
        packages[package] = None
    versions = _installed(ctx, sorted(packages.keys()))
    defines = ["SYSTEM_LIBS_KEY=%s" % str(hash(versions)).replace("-", "")]

    libs = dict(_LIBS)
    libs["absl"] = (
        "libabsl-dev",
        ["-Wl,--push-state,--as-needed"] + ["-labsl_" + lib for lib in _ABSL_LIBS] + ["-Wl,--pop-state"],
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
