"""Replicas of the playback service behind one name, and devices that find them by
it: each replica has an address of the loopback network, and the name is in a
file of hosts that the devices alone see."""
import collections
import re
import signal
import subprocess
import time

from faults.rig import recording
from faults.rig.players import Feeder, Sizes
from guest.rig.guest import ROOT
from guest.rig.processes import Device, Server, await_condition

NAME = "earshot-server.test"
PORT = 50051
MOUNTED = 'mount --bind "$0" /etc/hosts && exec "$@"'
MOVED = re.compile(r"stream (?:open|moved) .*server=([\d.]+):")
CAUSE = re.compile(r" (network_late|source_starved|outage|server_overload)=(\d+)")


def certificates(folder):
    """Makes a server's certificate with the name alone, no address of a replica,
    and a device's; returns the flags of the one and of the other."""
    subprocess.run([ROOT / "deploy/certs/make-certs", f"--out={folder}",
                    f"--server-name={NAME}", "--vm=fleet"],
                   stdout=subprocess.DEVNULL, check=True)

    def flags(name, ca):
        return [f"--tls-cert={folder}/{name}.pem", f"--tls-key={folder}/{name}.key",
                f"--tls-{ca}={folder}/ca.pem"]

    return flags("server", "client-ca"), flags("vm-fleet", "ca")


class Replicas:
    """`secure`: they speak mutual TLS, as all that the manifests deploy."""

    def __init__(self, folder, count, arguments=(), sink=None, secure=False):
        self.folder = folder
        self.sink = sink
        ours, self.device_flags = certificates(folder / "certificates") if secure else ([], [])
        self.arguments = [*arguments, *ours]
        self.hosts = folder / "hosts"
        self.servers = {}  # by address
        self.logs = []
        self._next = 2
        for _ in range(count):
            self.add()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.close()

    def add(self):
        address = f"127.0.3.{self._next}"
        self._next += 1
        folder = self.folder / address
        folder.mkdir()
        self.servers[address] = Server(folder, f"unix:{folder}/sock,{address}:{PORT}",
                                       folder / "recordings", self.arguments,
                                       sink=self.sink)
        self.logs.append(folder / "server.log")
        self._tell()
        return address

    def remove(self, address, number=signal.SIGTERM):
        """Ends one as a cluster does: its name forgets it at once. Returns how
        long it took to end, in s."""
        server = self.servers.pop(address)
        began = time.monotonic()
        server.send_signal(number)
        self._tell()
        server.wait(30)
        took = time.monotonic() - began
        server.client.close()
        return took

    def _tell(self):
        # In place: it is mounted.
        self.hosts.write_text("127.0.0.1 localhost\n"
                              + "".join(f"{one} {NAME}\n" for one in self.servers))

    def streams(self, address):
        """The streams of one that play."""
        told = self.servers[address].client.call("earshot.v1.AdminService/ListStreams",
                                                 pageSize=500)
        return [one["name"] for one in told.get("streams", ())
                if one["state"] in ("STREAM_STATE_PLAYING", "STREAM_STATE_PRIMING")]

    def all_underruns(self):
        """By cause, of all streams: of those that play what their servers say,
        of those that were ended what is in a log."""
        total = collections.Counter()
        for server in self.servers.values():
            told = server.client.call("earshot.v1.AdminService/ListStreams", timeout=20,
                                      pageSize=500)
            for one in told.get("streams", ()):
                total.update({cause: int(count)
                              for cause, count in one["underrun_causes_total"].items()})
        for log in self.logs:
            if log.parent.name not in self.servers:
                for line in re.findall(r"epoch drained .*", log.read_text(errors="replace")):
                    total.update({cause: int(count) for cause, count in CAUSE.findall(line)})
        return +total

    def recordings(self, vm):
        return sorted(self.folder.glob(f"127.*/recordings/**/{vm}-*.wav"),
                      key=lambda file: file.stat().st_mtime_ns)


class Vm:
    """A device that finds the replicas by their name, and a guest that plays
    numbered sound through it."""

    def __init__(self, replicas, number):
        self.vm = f"vm{number:03}"
        self.replicas = replicas
        self.folder = replicas.folder / self.vm
        self.folder.mkdir()
        self.device = Device(
            self.folder, f"dns:///{NAME}:{PORT}", self.vm,
            ["--codec=pcm", *replicas.device_flags],
            ["unshare", "--mount", "sh", "-c", MOUNTED, str(replicas.hosts)])
        self.feeder = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.feeder:
            self.feeder.close(at_once=True)
        self.device.close()

    def log(self):
        return self.device.log.read_text(errors="replace")

    def await_open(self):
        await_condition(lambda: self.device.require() and " stream open " in self.log(),
                        f"{self.vm} has its stream", 30, 0.05)

    def play(self, seconds):
        self.feeder = Feeder(self.folder, self.device, seconds, Sizes())

    def places(self):
        """The addresses where it was, in their order."""
        return MOVED.findall(self.log())

    def await_end(self, timeout):
        await_condition(lambda: not self.feeder.alive and "epoch over" in self.log(),
                        f"{self.vm} has played", timeout, 0.1)
        return self.feeder.view()

    def counts(self):
        """Of all its epochs, as the device says."""
        counts = {}
        for line in self.log().splitlines():
            if "epoch over" in line:
                for key, value in re.findall(r" (\w+)=(\d+)(?= |$)", line):
                    counts[key] = counts.get(key, 0) + int(value)
        return counts

    def heard(self, fed):
        return recording.hear(map(recording.read, self.replicas.recordings(self.vm)), fed)
