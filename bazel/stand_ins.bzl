"""Stand-ins for @rules_cc and @rules_java, which Bazel 4 would download.

Bazel's own tools/cpp and tools/jdk packages load names from them; in Bazel 4
these are all still native rules. (Debian's bazel-rules-cc 0.0.4 needs a newer
Bazel than Debian 12's.)
"""

_NATIVE = {
    "cc": [
        "cc_binary",
        "cc_import",
        "cc_library",
        "cc_proto_library",
        "cc_test",
        "cc_toolchain",
        "cc_toolchain_suite",
        "fdo_prefetch_hints",
        "fdo_profile",
        "objc_import",
        "objc_library",
    ],
    "java": [
        "java_binary",
        "java_import",
        "java_library",
        "java_lite_proto_library",
        "java_package_configuration",
        "java_plugin",
        "java_proto_library",
        "java_runtime",
        "java_test",
        "java_toolchain",
    ],
}

def _native_rules_impl(ctx):
    language = ctx.attr.language
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.file("BUILD.bazel", "")
    ctx.file(language + "/BUILD.bazel", "")
    rules = ["%s = native.%s\n" % (rule, rule) for rule in _NATIVE[language]]
    ctx.file(language + "/defs.bzl", "".join(rules))
    for rule in _NATIVE[language]:
        ctx.file("%s/%s.bzl" % (language, rule), "%s = native.%s\n" % (rule, rule))

native_rules = repository_rule(
    implementation = _native_rules_impl,
    attrs = {"language": attr.string(mandatory = True, values = sorted(_NATIVE))},
)

def _coverage_tools_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(Label("//bazel:lcov_merger.py"), "lcov_merger.py")
    ctx.file("unavailable.sh", "#!/bin/sh\necho 'not available' >&2\nexit 1\n", executable = True)
    ctx.file("BUILD.bazel", """package(default_visibility = ["//visibility:public"])

sh_binary(
    name = "coverage_report_generator",
    srcs = ["unavailable.sh"],
)

sh_binary(
    name = "lcov_merger",
    srcs = ["lcov_merger.py"],
)
""")

# Stands in for @remote_coverage_tools, which every test target depends on.
coverage_tools = repository_rule(implementation = _coverage_tools_impl)
