"""A guest whose QEMU somebody else starts: a container, or a command line of a
README."""
import time
from pathlib import Path

from guest.rig.guest import Guest

MEMORY = "256M"


def boot_arguments(folder, kernel, initrd):
    """What QEMU has to be told beside its machine, its memory and its sound card;
    `folder` is where it is to have its sockets."""
    return ["-accel", "tcg,thread=multi", "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", str(kernel), "-initrd", str(initrd),
            "-append", "console=ttyS0 panic=-1 quiet no_timer_check",
            "-serial", f"file:{folder}/serial.log", "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=control,path={folder}/control.sock,server=on,wait=off",
            "-device", "virtserialport,chardev=control,name=control"]


class AttachedGuest(Guest):
    """Runs commands as a Guest does; it ends with its QEMU. `folder` is where that
    has its sockets."""

    def __init__(self, folder, timeout=60):  # pylint: disable=super-init-not-called
        self.folder = Path(folder)
        self.boots = 0
        self.panicked = False
        self._lines = bytearray()
        self._qemu = self  # that it has ended shows in its sockets
        self._control = self._connect("control.sock", time.monotonic() + timeout)
        self.await_boot(timeout)

    def poll(self):
        return None

    def close(self):
        self._control.close()
