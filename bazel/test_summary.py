#!/usr/bin/env python3
"""Prints 'N passed, N failed, N skipped' for a `bazel test` run.

Usage: bazel test --build_event_json_file=FILE ... ; test_summary.py FILE
Exits 1 if a test case or a test target failed or if none ran.
"""
import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def main() -> int:
    passed = failed = skipped = 0
    with open(sys.argv[1], encoding="utf-8") as events:
        for line in events:
            result = json.loads(line)
            if "testResult" not in result.get("id", {}):
                continue
            label = result["id"]["testResult"]["label"]
            result = result["testResult"]
            cases = bad = 0
            for output in result.get("testActionOutput", []):
                if output["name"] != "test.xml":
                    continue
                path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
                for case in ElementTree.parse(path).iter("testcase"):
                    cases += 1
                    if case.find("failure") is not None or case.find("error") is not None:
                        bad += 1
                        failed += 1
                    elif case.find("skipped") is not None or case.get("status") == "notrun":
                        skipped += 1
                    else:
                        passed += 1
            if result["status"] not in ("PASSED", "FLAKY") and not bad:
                # It crashed, ran too long or did not build.
                print("{}: {}".format(label, result["status"]))
                failed += 1
    print("{} passed, {} failed, {} skipped".format(passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
