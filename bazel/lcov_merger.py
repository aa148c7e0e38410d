#!/usr/bin/python3
"""Bazel runs this after each test of `bazel coverage`: gcov's JSON to LCOV.

It stands in for Bazel's own merger, a Java program that Bazel would download.
"""
import argparse
import collections
import glob
import gzip
import json
import os


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir", required=True)
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--source_file_manifest", required=True)
    args, _ = parser.parse_known_args()
    with open(args.source_file_manifest, encoding="utf-8") as manifest:
        wanted = {line.strip() for line in manifest}
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    for path in glob.glob(os.path.join(args.coverage_dir, "*.gcov.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as report:
            for source in json.load(report)["files"]:
                if source["file"] in wanted:
                    for line in source["lines"]:
                        lines[source["file"]][line["line_number"]] += line["count"]
    with open(args.output_file, "w", encoding="utf-8") as out:
        for source in sorted(lines):
            counts = lines[source]
            out.write("SF:{}\n".format(source))
            for number in sorted(counts):
                out.write("DA:{},{}\n".format(number, counts[number]))
            out.write("LH:{}\nLF:{}\nend_of_record\n".format(
                sum(1 for c in counts.values() if c), len(counts)))


if __name__ == "__main__":
    main()
