"""A bad network on one machine: two network namespaces, a tap in each, joined
by VDE's wirefilter. Nothing of it has a name in the system, and all of it goes
with the process that made it, however that ends."""
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from guest.rig.processes import await_condition
from guest.rig.steady import AUDIO, tied_to_us

TOOLS = ("vde_switch", "vde_plug2tap", "wirefilter", "ip", "ss", "nsenter", "unshare")
PROMPT = b"VDEwf$ "
NEAR, FAR = 0, 1  # the device's end and the server's


class NetworkError(Exception):
    """The network cannot be made, or does not do what it is told."""


def why_not():
    """Why there can be no such network here, or None."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)}: not installed (deploy/install-deps)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun cannot be used"
    made = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"],
                          capture_output=True, text=True, check=False)
    return f"no network namespaces: {made.stderr.strip()}" if made.returncode else None


class Network:
    """Two hosts, 10.77.0.1 (NEAR) and 10.77.0.2 (FAR), and the wire between
    them, which begins perfect. Their TCP's congestion control is not left to
    this machine's taste: BBR lets only four segments pass for 200 ms of every
    10 s in which the round trip did not reach its least, which delays a stream
    of more than that by up to 90 ms."""

    def __init__(self, folder, congestion="cubic"):
        self._congestion = congestion
        self._folder = tempfile.mkdtemp(prefix="wire-", dir=folder)
        self._processes = []
        try:
            self._hosts = [self._run(["unshare", "--net", "sleep", "infinity"])
                           for _ in (NEAR, FAR)]
            own = os.readlink("/proc/self/ns/net")
            await_condition(lambda: all(os.readlink(self._namespace(host)) != own
                                        for host in (NEAR, FAR)), "two network namespaces")
            for host in (NEAR, FAR):
                self._connect(host)
            self._management = self._wire()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def address(host):
        return f"10.77.0.{host + 1}"

    def within(self, host):
        """The words that run what follows them on that host."""
        return ["nsenter", f"--net={self._namespace(host)}", "--"]

    def run(self, host, *command):
        """Runs a command there; raises where it fails."""
        done = subprocess.run([*self.within(host), *command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise NetworkError(f"{' '.join(command)}: {done.stdout.strip()}")

    def set(self, setting, value):
        """Sets what wirefilter calls delay, loss, bandwidth, in both directions."""
        self._management.sendall(f"{setting} {value}\n".encode())
        answer = self._answer()
        if b"1000 Success" not in answer:
            raise NetworkError(f"wirefilter: {setting} {value}: {answer.decode()}")

    def pids(self):
        """Of the processes that make it."""
        return [process.pid for process in self._processes]

    def retransmissions(self):
        """How many TCP segments were sent again, on both hosts."""
        total = 0
        for host in self._hosts:
            lines = Path(f"/proc/{host.pid}/net/snmp").read_text().splitlines()
            names, values = (line.split() for line in lines if line.startswith("Tcp:"))
            total += int(values[names.index("RetransSegs")])
        return total

    def close(self):
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes = []
        shutil.rmtree(self._folder, ignore_errors=True)

    def _namespace(self, host):
        return f"/proc/{self._hosts[host].pid}/ns/net"

    def _run(self, command):
        # Each has a console on its standard input, and ends with it.
        process = subprocess.Popen(
            tied_to_us(AUDIO, command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=open(Path(self._folder) / "log", "ab"), start_new_session=True)
        self._processes.append(process)
        return process

    def _switch(self, host):
        return f"{self._folder}/switch{host}"

    def _connect(self, host):
        self._run(["vde_switch", "-s", self._switch(host), "-M", self._switch(host) + ".console"])
        await_condition(Path(self._switch(host) + "/ctl").exists, "vde_switch")
        self._run([*self.within(host), "vde_plug2tap", "-s", self._switch(host), "tap0"])

        def configured():
            try:
                self.run(host, "ip", "address", "add", self.address(host) + "/24", "dev", "tap0")
            except NetworkError:
                return False
            return True

        await_condition(configured, "a tap", interval=0.05)
        self.run(host, "ip", "link", "set", "tap0", "up")
        self.run(host, "ip", "link", "set", "lo", "up")
        # The name space's own setting cannot be written everywhere.
        self.run(host, "ip", "route", "change", "10.77.0.0/24", "dev", "tap0", "proto", "kernel",
                 "scope", "link", "src", self.address(host), "congctl", self._congestion)

    def _wire(self):
        path = f"{self._folder}/wire"
        self._run(["wirefilter", "-v", f"{self._switch(NEAR)}:{self._switch(FAR)}", "-M", path])
        await_condition(Path(path).exists, "wirefilter")
        management = socket.socket(socket.AF_UNIX)
        management.settimeout(2)
        management.connect(path)
        self._management = management
        self._answer()
        return management

    def _answer(self):
        answer = b""
        while not answer.endswith(PROMPT):
            try:
                more = self._management.recv(4096)
            except socket.timeout as error:
                raise NetworkError(f"wirefilter says only {answer!r}") from error
            if not more:
                raise NetworkError(f"wirefilter is gone: {answer!r}")
            answer += more
        time.sleep(0.01)  # It reads a command at a time, whatever that holds.
        return answer
