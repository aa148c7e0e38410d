"""A suite of Bazel tests, counted by test case from their test.xml."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

from . import fuzz_log
from .outcome import Outcome

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Not a page of output per action; a line now and then where nobody watches.
QUIET = ["--curses=no", "--color=no", "--show_progress_rate_limit=20",
         "--ui_event_filters=-info,-debug", "--noshow_loading_progress"]
# What Bazel says at every run.
NOISE = re.compile(
    r"^($|Loading:|Analyzing:|INFO:|Executed \d|There were tests whose)")
NO_TESTS = 4  # Bazel's exit code: built, but there was nothing to run


def build(targets):
    """Builds; returns whether that worked."""
    return _bazel("build", *targets) == 0


def _bazel(command, *words):
    """Runs Bazel, passes on what matters of its output, returns its code."""
    process = subprocess.Popen(
        ["bazel", command, *QUIET, *words], cwd=ROOT, text=True,
        errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    for line in process.stdout:
        if not NOISE.match(line):
            print("   " + line.rstrip("\n"), flush=True)
    return process.wait()


def suite(targets, flags=()):
    """Runs the tests of `targets` (negative ones allowed) with `flags`."""
    def run(tell):
        with tempfile.TemporaryDirectory() as folder:
            events = os.path.join(folder, "events.json")
            code = _bazel(
                "test", "--keep_going", "--noshow_timestamps",
                "--test_summary=none", "--build_event_json_file=" + events,
                *flags, "--", *targets)
            outcome = Outcome()
            if os.path.exists(events):
                with open(events, encoding="utf-8") as lines:
                    outcome = _count(map(json.loads, lines), tell)
        if code not in (0, NO_TESTS) and not outcome.failed:
            print("   bazel ended with {}".format(code))
            outcome.failed += 1  # it did not build
        return outcome
    return run


def _count(events, tell):
    outcome = Outcome()
    for event in events:
        label = event.get("id", {}).get("testResult", {}).get("label")
        if not label:
            continue
        result = event["testResult"]
        files = {output["name"]: _path(output["uri"])
                 for output in result.get("testActionOutput", [])
                 if "uri" in output}
        cases = _cases(files.get("test.xml"))
        if result["status"] not in ("PASSED", "FLAKY") and not cases.failed:
            print("   {}: {}".format(label, result["status"]))
            cases.failed += 1  # it crashed or ran too long
        outcome += cases
        for line in _result_lines(label, files.get("test.log")):
            print("   " + line)
            tell(line)
    return outcome


def _path(uri):
    return urllib.parse.unquote(urllib.parse.urlparse(uri).path)


def _cases(path):
    outcome = Outcome()
    if not path or not os.path.exists(path):
        return outcome
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif (case.find("skipped") is not None
              or case.get("status") == "notrun"):
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def _result_lines(label, path):
    if not path or not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as log:
        text = log.read()
    lines = re.findall(r"^RESULT \S+ .*$", text, re.MULTILINE)
    fuzzed = fuzz_log.result(label.split(":")[-1], text)
    return lines + ([fuzzed] if fuzzed else [])
