"""What a scenario runs on: a network, servers at its far end, a device at its
near end, and a guest that plays."""
import re
import signal
import time
from datetime import datetime
from pathlib import Path

from guest.rig.processes import Device, ProcessError, Server, await_condition

from . import recording
from .network import FAR, NEAR, Network
from .processor import ProcessorWatch
from .sound_server import SoundServer
from .watch import Watch

VM = "fault-test"
PORTS = {"a": 50051, "b": 50052}
TAIL_S = 30  # for what is left to play when the guest has ended


class Interrupted(Exception):
    """The run is to end."""


class Bench:
    """All that runs in one scenario; its files are in `folder`. `player` makes
    what plays (players.py). `ending` is an event: then its waits end with
    Interrupted."""

    def __init__(self, scenario, folder, seconds, player, ending):
        self._make_player = player
        self._player = None
        self.processor = None
        self._ending = ending
        self.scenario = scenario
        self.seconds = seconds
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.network = None
        self.sound_server = None
        self.device = None
        self.servers = {}
        self.watches = []
        self.began = 0.0  # when the guest did
        self.faults = []  # (began, ended), monotonic s

    def start(self):
        """From nothing to a guest that plays."""
        self.network = Network(self.folder, self.scenario.congestion)
        for setting, value in self.scenario.wire.items():
            self.network.set(setting, value)
        if self.scenario.sink == "pulse":
            self.sound_server = SoundServer(self.folder / "pulse")
        for name in self.scenario.servers:
            self.start_server(name)
        targets = ",".join(f"{Network.address(FAR)}:{PORTS[name]}"
                           for name in self.scenario.servers)
        self.device = Device(self.folder, targets, VM,
                             [f"--codec={self.scenario.codec}", *self.scenario.device_flags],
                             [*self.network.within(NEAR), "env", *self.scenario.device_clock])
        await_condition(lambda: " stream open " in self.device.log.read_text(),
                        "the stream is open", 15, 0.02)
        self._player = self._make_player(self.folder, self.device, self.seconds)
        self.began = time.monotonic()
        self.processor = ProcessorWatch(self._pids)

    def wait(self, seconds):
        if self._ending.wait(max(seconds, 0)):
            raise Interrupted

    def _pids(self):
        parts = [self.device, *list(self.servers.values())]
        return [part.pid for part in parts] + self.network.pids()

    def start_server(self, name):
        """Starts the server, and samples what it says of the stream."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        server = Server(folder, f"unix:{folder}/sock,{Network.address(FAR)}:{PORTS[name]}",
                        folder / "recordings", self.scenario.server_flags,
                        [*self.network.within(FAR), "env",
                         *(self.sound_server.environment if self.sound_server else ())],
                        None if self.scenario.sink == "wav" else self.scenario.sink)
        self.servers[name] = server
        self.watches.append(Watch(name, server, f"vms/{VM}/streams/0"))

    def kill_server(self, name):
        server = self.servers.pop(name)
        server.send_signal(signal.SIGKILL)
        server.wait(10)
        server.client.close()

    def strike(self):
        """The scenario's fault, to its end."""
        began = time.monotonic()
        self.scenario.fault(self)
        self.faults.append((began, time.monotonic()))

    def finish(self):
        """Waits for the guest's end, and for the end of what it has played."""
        # Whatever happens, the guest's clock goes on: it is never much longer.
        deadline = time.monotonic() + TAIL_S
        while self._player.alive:
            if time.monotonic() > deadline:
                raise ProcessError("the guest does not come to its end")
            self.wait(0.1)
        await_condition(lambda: self.device_counts(), "the device has counted the epoch",
                        TAIL_S, 0.05)
        for server in self.servers.values():
            name = self.device.stream_name
            if server.alive:
                await_condition(lambda: server.stream(name).get("state", "STREAM_STATE_CLOSED")
                                in ("STREAM_STATE_IDLE", "STREAM_STATE_CLOSED"),
                                "the server has played it", TAIL_S, 0.05)
        time.sleep(0.2)  # for a last sample

    def close(self):
        for watch in self.watches:
            watch.stop()
        if self.processor:
            self.processor.stop()
        at_once = self._ending.is_set()  # They would play their tails.
        if self._player:
            self._player.close(at_once)
        for part in (self.device, *self.servers.values()):
            if part and at_once:
                part.kill()
            if part:
                part.close()
        for part in (self.sound_server, self.network):
            if part:
                part.close()

    # --- What is to be seen of it afterwards ---

    def guest(self):
        """The GuestView of what has played."""
        return self._player.view()

    def heard(self, fed):
        """What the recordings of all servers hold."""
        files = sorted(self.folder.glob("*/recordings/**/*.wav"),
                       key=lambda file: file.stat().st_mtime_ns)
        return recording.hear(map(recording.read, files), fed)

    def device_counts(self):
        """The counts of the device's epochs, by their names in its log."""
        counts = {}
        for line in self.device.log.read_text(errors="replace").splitlines():
            if "epoch over" in line:
                for key, value in re.findall(r" (\w+)=(\d+)(?= |$)", line):
                    counts[key] = counts.get(key, 0) + int(value)
        return counts

    def samples(self):
        """Of all servers, in the order of time."""
        return sorted((sample for watch in self.watches for sample in watch.samples),
                      key=lambda sample: sample.time)

    def epoch_starts(self):
        """Where servers began to play epochs: [(time, server, position)]. What
        they count begins there."""
        skew = time.time() - time.monotonic()
        starts = []
        for name in self.scenario.servers:
            log = self.folder / name / "server.log"
            for line in log.read_text(errors="replace").splitlines():
                if " epoch began " in line:
                    when = datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
                    position = int(re.search(r" first_frame=(\d+)", line).group(1))
                    starts.append((when.timestamp() - skew, name, position))
        return starts

    def log_tails(self):
        lines = []
        for log in sorted(self.folder.rglob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-6:]
            lines += [f"{log.relative_to(self.folder)}: {line}" for line in tail]
        return lines
