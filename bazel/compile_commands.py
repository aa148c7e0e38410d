#!/usr/bin/env python3
"""Writes compile_commands.json from `bazel aquery`, for clangd and clang-tidy.

The flags are those of --config=clang: clang tools refuse some of gcc's.
"""
import json
import os
import subprocess
import sys

ROOT = subprocess.check_output(["git", "rev-parse", "--show-toplevel"], text=True).strip()
OUT = os.path.join(ROOT, "compile_commands.json")


def main() -> int:
    targets = sys.argv[1:] or ["//..."]
    query = 'mnemonic("CppCompile", {})'.format(" + ".join(targets))
    text = subprocess.check_output(
        ["bazel", "aquery", "--config=clang", "--output=jsonproto",
         "--ui_event_filters=-info", "--noshow_progress", query],
        cwd=ROOT, text=True)
    entries = {}
    for action in json.loads(text).get("actions", []):
        args = action["arguments"]
        source = args[args.index("-c") + 1]
        # What only the real compilation needs.
        keep, skip = [], False
        for arg in args:
            if skip or arg in ("-MD",):
                skip = False
            elif arg in ("-MF", "-o"):
                skip = True
            elif not arg.startswith("-frandom-seed="):
                keep.append(arg)
        entries[source] = {"directory": ROOT, "file": source, "arguments": keep}
    with open(OUT, "w", encoding="utf-8") as out:
        json.dump([entries[s] for s in sorted(entries)], out, indent=1)
        out.write("\n")
    print("{}: {} files".format(OUT, len(entries)))
    return 0 if entries else 1


if __name__ == "__main__":
    sys.exit(main())
