"""A suite that is a script: its last line counts its cases."""
import pathlib
import re
import subprocess

from . import bazel_suite
from .outcome import Outcome

COUNT = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def suite(command, builds=()):
    """Runs `command` after building the Bazel targets `builds`."""
    def run(tell):
        if builds and not bazel_suite.build(builds):
            print("   the build failed")
            return Outcome(failed=1)
        process = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        outcome = None
        for line in process.stdout:
            line = line.rstrip("\n")
            count = COUNT.match(line)
            if count:
                outcome = Outcome(*map(int, count.groups()))
                continue
            if line.startswith("RESULT "):
                tell(line)
            print("   " + line, flush=True)
        code = process.wait()
        if outcome is None:
            print("   {} ended with {} and counted nothing".format(
                command[0], code))
            return Outcome(failed=1)
        if code != 0 and not outcome.failed:
            print("   {} ended with {}".format(command[0], code))
            outcome.failed += 1
        return outcome
    return run
