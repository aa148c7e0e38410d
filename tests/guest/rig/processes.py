"""Earshot's own processes."""
import os
import signal
import subprocess
import time
from pathlib import Path

from . import steady
from .guest import ROOT
from .reflection import ReflectionClient

BIN = Path(os.environ.get("EARSHOT_BIN", ROOT / "bazel-bin"))
TICKS = os.sysconf("SC_CLK_TCK")


class ProcessError(Exception):
    """A process did not start, or did not stay."""


def await_condition(condition, what, timeout=10, interval=0.01):
    """Returns what `condition` returns as soon as that is true."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ProcessError(f"{what}: not within {timeout} s")
        time.sleep(interval)


class Process:
    """A program that runs until it is closed; its output goes to a log. What
    it is to run within, such as nsenter, is `within`: words that exec it."""

    START_PRIORITY = steady.AUDIO

    def __init__(self, program, arguments, log, within=()):
        self.name = Path(program).name
        self.log = Path(log)
        self.command = [*within, str(program), *arguments]
        with open(self.log, "ab") as out:
            # Away from the terminal's Ctrl-C: whoever started it ends it.
            self._process = subprocess.Popen(
                steady.tied_to_us(self.START_PRIORITY, self.command), stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self._process.pid

    def send_signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """Ends it without a word."""
        self._process.kill()

    def wait(self, timeout):
        """Waits for its end; returns its exit code."""
        return self._process.wait(timeout)

    @property
    def alive(self):
        return self._process.poll() is None

    def require(self):
        """Raises if the process has ended."""
        if not self.alive:
            tail = " / ".join(self.log_tail(3))
            raise ProcessError(f"{self.name} ended with {self._process.returncode}: {tail}")
        return True

    def rss_kb(self):
        """Resident memory now, in KiB."""
        return self._status("VmRSS")

    def own_kb(self):
        """Resident memory in KiB, without that of guests, which is shared."""
        return self.rss_kb() - self._status("RssShmem")

    def fds(self):
        """How many file descriptors are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return self._status("Threads")

    def cpu_seconds(self):
        """Processor time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _status(self, name):
        """A number that the kernel tells of the process; 0 when it has ended."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0

    def log_tail(self, count=12):
        return self.log.read_text(errors="replace").splitlines()[-count:]

    def close(self):
        """Asks it to end, and sees to it; returns its exit code."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()


def plaintext(addresses, arguments):
    """The flag that server and device want for plaintext beyond this machine, if
    their arguments say nothing of TLS: the rigs' wires lead nowhere else."""
    near = ("unix:", "localhost:", "127.", "[::1]:")
    if any(one.startswith("--tls-") for one in arguments):
        return []
    return [] if all(one.startswith(near) for one in addresses.split(",")) else ["--insecure"]


class Server(Process):
    """earshot-server, which records into the folder `recordings` unless `sink`
    is another; `listen` is one address or several, with commas."""

    START_PRIORITY = steady.ALMOST

    def __init__(self, folder, listen, recordings, arguments=(), within=(), sink=None):
        Path(recordings).mkdir(parents=True, exist_ok=True)
        self.address = listen
        self.recordings = Path(recordings)
        super().__init__(BIN / "server/earshot-server",
                         [f"--listen={listen}", f"--sink={sink or f'wav:{recordings}'}",
                          *plaintext(listen, arguments), *arguments],
                         Path(folder) / "server.log", within)
        self.client = ReflectionClient(listen.partition(",")[0])
        try:
            await_condition(self._serves, "earshot-server serves", 15, 0.02)
            steady.raise_priority(steady.AUDIO, self.pid)
        except BaseException:
            self.close()
            raise

    def _serves(self):
        self.require()
        try:
            self.client.await_ready(0.2)
            return self.client.call("grpc.health.v1.Health/Check")["status"] == "SERVING"
        except Exception:  # pylint: disable=broad-except
            return False

    def stream(self, name):
        """How a stream stands, or {} if it is not known."""
        try:
            return self.client.call("earshot.v1.AdminService/GetStream", name=name)["stream"]
        except Exception as error:  # pylint: disable=broad-except
            if getattr(error, "code", lambda: None)() and error.code().name == "NOT_FOUND":
                return {}
            raise

    def close(self):
        self.client.close()
        return super().close()


class Device(Process):
    """earshot-device, which listens for a VMM at `socket`."""

    START_PRIORITY = steady.ALMOST

    def __init__(self, folder, server, vm, arguments=(), within=()):
        self.socket = Path(folder) / "device.sock"
        self.stream_name = f"vms/{vm}/streams/0"
        self._controls = "--controls=on" in arguments
        super().__init__(BIN / "device/earshot-device",
                         [f"--socket={self.socket}", f"--server={server}", f"--vm={vm}",
                          *plaintext(server, arguments), *arguments],
                         Path(folder) / "device.log", within)
        try:
            await_condition(lambda: self.require() and self.socket.exists(),
                            "earshot-device listens", 10)
            steady.raise_priority(steady.AUDIO, self.pid)
        except BaseException:
            self.close()
            raise

    def qemu_arguments(self, pluggable=False):
        """The sound card, as arguments of QEMU; a pluggable one is called "card",
        its socket "sound", and its port "cardport"."""
        card = "vhost-user-snd-pci,chardev=sound" + ",controls=on" * self._controls
        port = ["-device", "pcie-root-port,id=cardport,chassis=1"] if pluggable else []
        return [*port, "-chardev", f"socket,id=sound,path={self.socket}",
                "-device", card + ",id=card,bus=cardport" * pluggable]
