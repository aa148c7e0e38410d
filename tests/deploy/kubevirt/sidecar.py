"""The hook as a sidecar of virt-launcher, and what virt-launcher does with it."""
import json
from pathlib import Path

from deploy.frame import require
from guest.rig.processes import BIN, Process, await_condition

from .wire import HookClient

HOOK = BIN / "deploy/kubevirt/hook/earshot-kubevirt-hook"
DEVICE = BIN / "device/earshot-device"
CONTAINER = "hook-sidecar-0"
VMI = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance",
       "metadata": {"name": "desktop", "namespace": "team-a", "generation": 9007199254740993,
                    "creationTimestamp": None},
       "spec": {"domain": {"devices": {"disks": [{"name": "root", "disk": {"bus": "virtio"}}]}}}}
VMI_JSON = json.dumps(VMI).encode()
VM = "team-a.desktop"


class Sidecar(Process):
    """The hook with a folder of its own, which is a part of what the VM's
    container sees below `folder`, as KubeVirt mounts them. `within`: words that
    exec it."""

    def __init__(self, folder, device_flags, hook_flags=(), within=()):
        self.hooks = Path(folder) / "hooks"
        self.own = self.hooks / CONTAINER
        self.own.mkdir(parents=True)
        # A process sees one path where two containers see two: this is the
        # VM's, below the sidecar's.
        (self.own / CONTAINER).symlink_to(".")
        self.socket = self.own / "earshot-hook.sock"
        super().__init__(
            HOOK, [f"--socket={self.socket}", f"--device={DEVICE}", *hook_flags, "--",
                   *device_flags],
            Path(folder) / "hook.log", within=[*within, "env", f"CONTAINER_NAME={CONTAINER}"])
        try:
            self.sockets = self.collect()
        except BaseException:
            self.close()
            raise

    def collect(self):
        """Looks for sockets as virt-launcher does: each file that is in a folder
        below that of the hooks has to answer as soon as it is there."""
        found = await_condition(
            lambda: self.require() and [path for path in self.own.iterdir()
                                        if not path.is_symlink() and not path.is_dir()],
            "the hook's socket")
        for path in found:
            with HookClient(path) as client:
                client.info()
        return found

    def client(self):
        return HookClient(self.socket)

    @property
    def device_socket(self):
        """As QEMU is told of it."""
        return self.own / CONTAINER / "earshot/device.sock"

    def children(self):
        """Its processes, and those that ended without that it took notice."""
        pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in pids]

    def device(self):
        """The one device's process."""
        children = self.children()
        require(len(children) == 1, f"children: {children}")
        return children[0]


def is_running(pid):
    """Whether it has not ended; whose child it was may not have noticed."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
