"""A small Linux guest in QEMU."""
import functools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from . import steady

ROOT = Path(__file__).resolve().parents[3]


class GuestError(Exception):
    """The guest did not do what it was told."""


@dataclass
class Result:
    """What a command in the guest came to."""
    rc: int
    output: str


def build_image():
    """The folder of the guest's kernel and initramfs."""
    return _built(ROOT / "deploy/guest/build-image")


def build_desktop():
    """The disk of the desktop guest."""
    return _built(ROOT / "deploy/guest/build-desktop-image")


def build_selftests():
    """The archive of the kernel's ALSA selftests."""
    return _built(ROOT / "tests/guest/build-selftests")


def build_programs():
    """The archive of what runs in the guest."""
    return _built(ROOT / "tests/guest/build-programs")


@functools.cache
def _built(builder):
    done = subprocess.run([builder], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


def cpio(files):
    """An archive that adds files, {name: bytes}, to the root of the guest."""
    archive = bytearray()
    for number, (name, content) in enumerate(list(files.items()) + [("TRAILER!!!", b"")]):
        path = name.encode() + b"\0"
        fields = (number + 1, 0o100755, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        archive += bytes(-len(archive) % 4) + content
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


class Guest:
    """A guest that runs commands for the host.

    `sound` are the arguments of QEMU that make its sound card, `disk` is that
    of a desktop. The serial console, each line with the time since the start,
    goes to `serial.log` in `folder`; the sockets of QEMU are there too.
    """

    def __init__(self, folder, sound, files=None, archives=(), cpus=1, disk=None, timeout=60):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.boots = 0
        self.panicked = False
        # Lines of the serial console, with this machine's monotonic time.
        self.console = []
        self._lines = bytearray()
        image = build_image()
        initrd = self.folder / "initrd.cpio"
        with open(initrd, "wb") as out:
            out.write((image / "initramfs.cpio").read_bytes())
            for archive in archives:
                out.write(Path(archive).read_bytes())
            out.write(cpio(files or {}))
        memory = "1024M" if disk else "256M"
        # What the guest writes to the disk goes when it goes.
        desktop = ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"] if disk else []
        # KVM may be there and still never boot a guest, so it is not tried.
        self._qemu = subprocess.Popen(
            steady.tied_to_us(steady.GUEST, ["qemu-system-x86_64", "-M", "q35,memory-backend=mem", "-m", memory,
             "-object", f"memory-backend-memfd,id=mem,size={memory},share=on",
             "-accel", "tcg,thread=multi", "-smp", str(cpus), "-nodefaults", "-no-user-config",
             "-display", "none", "-serial", "stdio",
             "-kernel", image / "vmlinux", "-initrd", initrd,
             # The kernel tries its timer for 10 ms, and gives up on a busy machine.
             "-append", "console=ttyS0 panic=-1 quiet no_timer_check" + " desktop" * bool(disk),
             *desktop,
             "-qmp", f"unix:{self.folder}/qmp.sock,server=on,wait=off",
             "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=control,path={self.folder}/control.sock,server=on,wait=off",
             "-device", "virtserialport,chardev=control,name=control", *sound]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._log = threading.Thread(target=self._log_console, daemon=True)
        self._log.start()
        try:
            deadline = time.monotonic() + timeout
            self._qmp = Qmp(self._connect("qmp.sock", deadline))
            steady.raise_main_thread(steady.GUEST_LOOP, self.pid)
            self._control = self._connect("control.sock", deadline)
            self.await_boot(timeout)
        except BaseException:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self._qemu.pid

    def run(self, command, timeout=30):
        """Runs a line of shell; returns a Result."""
        self._control.sendall(command.encode() + b"\n")
        output = []
        deadline = time.monotonic() + timeout
        while True:
            line = self._read_line(deadline, command)
            # Output need not end with a new line.
            text, end, rc = line.rpartition("@@ rc ")
            if end:
                return Result(int(rc), "\n".join([*output, *filter(None, [text])]))
            if line.startswith("@@ ready"):
                raise GuestError(f"the guest restarted during '{command}'")
            output.append(line)

    def start(self, name, command):
        """Starts a command in the background."""
        self.run(f"start {name} {command}")

    def finish(self, name, timeout=60):
        """Waits for a command in the background; returns a Result."""
        return self.run(f"finish {name}", timeout)

    def await_boot(self, timeout=60):
        """Waits until the guest has started, or started again."""
        deadline = time.monotonic() + timeout
        while not self._read_line(deadline, "boot").startswith("@@ ready"):
            pass
        self.boots += 1

    def reboot(self):
        """Has the guest restart itself, at once."""
        self._control.sendall(b"reboot -f\n")
        self.await_boot()

    def reset(self):
        """Has QEMU restart it, as its button would."""
        self.qmp("system_reset")
        self.await_boot()

    def has_device(self, name):
        """Whether QEMU has a device that was called so."""
        return any(one["name"] == name
                   for one in self.qmp("qom-list", path="/machine/peripheral"))

    def qmp(self, command, **arguments):
        """Runs a command of QEMU's monitor, such as stop or cont."""
        return self._qmp.execute(command, **arguments)

    def close(self):
        """Powers the guest off."""
        try:
            self._qmp.execute("quit")
            self._qemu.wait(10)
        except (OSError, GuestError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self):
        """Ends QEMU without a word to anyone."""
        if self._qemu.poll() is None:
            os.kill(self._qemu.pid, signal.SIGKILL)
        self._qemu.wait()
        self._log.join(5)
        # What may go on for hours kills many.
        (self.folder / "initrd.cpio").unlink(missing_ok=True)

    def log_tail(self, count=12):
        """The last lines of the serial console."""
        return (self.folder / "serial.log").read_text().splitlines()[-count:]

    def _connect(self, name, deadline):
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / name))
                return connection
            except OSError:
                connection.close()
                if self._qemu.poll() is not None or time.monotonic() > deadline:
                    raise GuestError("QEMU does not start: " + " ".join(self.log_tail(3))) from None
                time.sleep(0.01)

    def _read_line(self, deadline, command):
        while b"\n" not in self._lines:
            if self.panicked or self._qemu.poll() is not None:
                raise GuestError(f"the guest died during '{command}': {self.log_tail(3)}")
            if time.monotonic() > deadline:
                raise GuestError(f"the guest gave no answer to '{command}'")
            self._control.settimeout(0.2)
            try:
                self._lines += self._control.recv(65536)
            except TimeoutError:
                pass
        line, _, rest = bytes(self._lines).partition(b"\n")
        self._lines = bytearray(rest)
        return line.decode(errors="replace").rstrip("\r")

    def _log_console(self):
        start = time.monotonic()
        with open(self.folder / "serial.log", "w", encoding="utf-8") as log:
            for line in self._qemu.stdout:
                text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|[\r\n]", "",
                              line.decode(errors="replace"))
                now = time.monotonic()
                self.console.append((now, text))
                self.panicked |= "Kernel panic" in text
                log.write(f"[{now - start:8.3f}] {text}\n")
                log.flush()


class Qmp:
    """QEMU's monitor."""

    def __init__(self, connection):
        connection.settimeout(10)
        self._stream = connection.makefile("rw", encoding="utf-8")
        self._stream.readline()  # The greeting.
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        """Runs a command and returns what it returns."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            line = self._stream.readline()
            if not line:
                raise GuestError(f"QEMU is gone: {command}")
            answer = json.loads(line)
            if "error" in answer:
                raise GuestError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
