"""cc_fuzz_test: a libFuzzer target."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")

def cc_fuzz_test(name, srcs, deps, corpus, seconds = 5, tags = [], **kwargs):
    """With --config=fuzz it fuzzes; else it runs once on each corpus file.

    Args:
      name: the test's name.
      srcs: sources with LLVMFuzzerTestOneInput.
      deps: as usual.
      corpus: a folder of this package with at least one input.
      seconds: how long to fuzz.
      tags: as usual.
      **kwargs: passed to cc_test.
    """
    cc_test(
        name = name,
        srcs = srcs + select({
            "//bazel:fuzzing": ["//bazel:fuzz_init.cc"],
            "//conditions:default": ["//bazel:fuzz_replay_main.cc"],
        }),
        args = select({
            "//bazel:fuzzing": [
                # The same mutations each time, of which faster machines make more.
                "-seed=1",
                "-max_total_time=%d" % seconds,
                "-print_final_stats=1",
                "-timeout=10",
            ],
            "//conditions:default": [],
        }) + [native.package_name() + "/" + corpus],
        data = native.glob([corpus + "/**"], allow_empty = False),
        linkopts = select({
            "//bazel:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        linkstatic = True,
        tags = tags + ["fuzz"],
        deps = deps,
        **kwargs
    )
