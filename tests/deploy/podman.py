"""Podman with its storage and settings in a folder of ours."""
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.frame import Failure, Skip
from guest.rig.guest import ROOT
from guest.rig.processes import BIN

sys.path.append(str(ROOT / "deploy"))  # for `images`

SETTINGS = """
[containers]
# As podman takes them they may be more than this machine allows.
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """
[storage]
driver = "{driver}"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
NEEDED = ("podman", "buildah", "runc")


@functools.cache
def images(folder):
    """Where the images' archives are, built once for each run."""
    output = folder / "images"
    done = subprocess.run(
        [ROOT / "deploy/images/build", f"--bin={BIN}", f"--output={output}"],
        env=_environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        raise Failure(done.stdout)
    return {line.split()[0] for line in done.stdout.splitlines()}, output


def _environment(folder):
    """Makes the files of the settings; returns what tells programs of them."""
    folder.mkdir(exist_ok=True)
    (folder / "containers.conf").write_text(SETTINGS)
    # Overlays do not stand on overlays.
    kind = subprocess.check_output(["stat", "-f", "-c", "%T", folder], text=True).strip()
    driver = "vfs" if kind.startswith("overlay") else "overlay"
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder, driver=driver))
    return {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"), "DISABLE_HC_SYSTEMD": "true"}


class Podman:
    """What has been started ends with the context; images stay for the run's
    other cases. `case_folder` is the one that a case was given."""

    def __init__(self, case_folder):
        missing = [name for name in NEEDED if not shutil.which(name)]
        if missing:
            raise Skip(f"{', '.join(missing)} not there; run deploy/install-deps")
        if os.geteuid() != 0:
            raise Skip("needs root")
        self.folder = case_folder.parent / "podman"
        self._environment = _environment(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for words in (("pod", "rm", "--all", "--force", "--time=2"),
                      ("rm", "--all", "--force", "--time=2"),
                      ("volume", "rm", "--all", "--force"), ("network", "prune", "--force")):
            self.run(*words, check=False)
        # Else the folder could not be removed.
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if Path(mount).is_relative_to(self.folder):
                subprocess.run(["umount", "--lazy", mount], check=False)

    def run(self, *words, check=True, timeout=60, program="podman"):
        """Runs podman; returns a CompletedProcess with text in stdout."""
        done = subprocess.run(
            [program, *map(str, words)], env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise Failure(f"{program} {' '.join(map(str, words))}: {done.stderr.strip()[-600:]}")
        return done

    def images(self):
        """The references of ours, and the folder of their archives and SBOMs."""
        return images(self.folder)

    def image(self, name):
        """The reference of earshot-NAME."""
        return next(one for one in self.images()[0] if f"earshot-{name}:" in one)

    def inspect(self, container):
        return json.loads(self.run("container", "inspect", container).stdout)[0]

    def volume(self, name):
        """Where a volume is."""
        found = json.loads(self.run("volume", "inspect", name).stdout)[0]
        return Path(found["Mountpoint"])


class Cgroup:
    """What a container's processes use, of either version of cgroups."""

    def __init__(self, pid):
        self._folders = {}
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for one in controllers.split(",") if controllers else [""]:
                place = Path("/sys/fs/cgroup") / one / path.lstrip("/")
                if place.is_dir():
                    self._folders[one] = place

    def prefer(self):
        """Has the kernel give it processors before what else the machine does, within
        its limits."""
        shares, weight = self._folders.get("cpu"), self._folders.get("")
        place, file, most = ((shares, "cpu.shares", "262144") if shares else
                             (weight, "cpu.weight", "10000"))
        while (place / file).exists() and place.is_relative_to("/sys/fs/cgroup/"):
            if not place.is_mount():
                (place / file).write_text(most)
            place = place.parent

    def _number(self, controller, old, new):
        """A file of version 1, or of version 2."""
        if controller in self._folders:
            return int((self._folders[controller] / old).read_text())
        text = (self._folders[""] / new).read_text()
        return int(text) if text.strip().isdigit() else int(text.split()[1])

    def memory_peak(self):
        """In bytes."""
        return self._number("memory", "memory.max_usage_in_bytes", "memory.peak")

    def cpu_seconds(self):
        if "cpuacct" in self._folders:
            return self._number("cpuacct", "cpuacct.usage", "") / 1e9
        return self._number("", "", "cpu.stat") / 1e6
