"""A systemd in namespaces of its own, with Earshot's units."""
import os
import subprocess
from pathlib import Path

from deploy.frame import Skip
from guest.rig.guest import ROOT
from guest.rig.processes import BIN, Process, ProcessError, await_condition

SYSTEMD = Path("/lib/systemd/systemd")
CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = ("unshare", "--mount", "--pid", "--cgroup", "--net", "--ipc", "--fork",
              "--kill-child=KILL")


class Host:
    """Is up when it has been made; ends with the context."""

    def __init__(self, folder):
        if os.geteuid() != 0 or not SYSTEMD.exists():
            raise Skip("needs root, and systemd")
        # Of version 2, beside those of version 1 or alone.
        top = CGROUPS / "unified" if (CGROUPS / "unified").is_dir() else CGROUPS
        self._cgroup = top / "earshot-test-host"
        work = folder / "host"
        work.mkdir()
        self._cgroup.mkdir(exist_ok=True)
        into = f"echo $$ > {self._cgroup}/cgroup.procs"
        self._process = Process(
            "sh", ["-c", f"{into}; exec \"$@\"", "sh", *NAMESPACES,
                   str(ROOT / "tests/deploy/boot-host"), str(work), str(BIN)],
            folder / "host.log")
        try:
            await_condition(self._is_up, "systemd is up", 30, 0.2)
        except ProcessError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, *words):
        """Runs a command there; returns a CompletedProcess, all it says in stdout."""
        init = self._init()
        return subprocess.run(
            ["nsenter", f"--target={init}", "--mount", "--pid", "--cgroup", "--net", "--root",
             "--wdns=/", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)

    def close(self):
        self._process.kill()  # and its child with it, and all that runs there
        self._process.wait(10)
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            await_condition(lambda folder=folder: gone(folder), f"{folder} is empty")

    def _init(self):
        """The process id of its systemd, or None."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return next(iter(children.read_text().split()), None)

    def _is_up(self):
        self._process.require()
        return self._init() and self.run("systemctl", "is-system-running").stdout.strip() in (
            "running", "degraded")


def gone(folder):
    try:
        os.rmdir(folder)
        return True
    except OSError:
        return not os.path.exists(folder)
