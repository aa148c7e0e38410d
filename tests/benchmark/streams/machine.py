"""Servers under streams, and what that costs."""
import re
import socket
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from guest.rig.processes import BIN, Process, Server, await_condition

PROGRAMS = BIN / "tests/benchmark/streams"
SETTLE_S = 3
# Feeders are all at one address, and open more at once than one client may.
POLICY = """grant { principal: "anonymous" player: "*" operator: true }
quotas { max_opens_per_second: 0 max_connections_per_peer: 0 }
"""


def processor_time():
    """Of all processors: what was used, and what there was."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


class Window:
    """What a process used of a processor in some seconds, and all of the machine."""

    def __init__(self, process):
        self._process = process
        self._began, self._cpu, self._all = self._now()

    def _now(self):
        return time.monotonic(), self._process.cpu_seconds(), processor_time()

    def end(self):
        """Percent of one processor, and of the machine."""
        ended, cpu, (used, there) = self._now()
        machine = (used - self._all[0]) / max(1, there - self._all[1])
        return 100 * (cpu - self._cpu) / (ended - self._began), 100 * machine


class Feeders(Process):
    """What streams say, to the server at the socket `path`; `told` is what the
    program said of them once they were taken."""

    def __init__(self, path, log, streams, connections=0, packet_ms=10, arguments=(), within=()):
        log = Path(log)
        log.unlink(missing_ok=True)
        super().__init__(PROGRAMS / "feeders",
                         [f"--server={path}", f"--streams={streams}",
                          f"--connections={connections}", f"--packet-ms={packet_ms}", *arguments],
                         log, within)
        self.told = {}

    def feed(self, timeout=60):
        """Waits until all are taken, or as many as are."""
        await_condition(self.look, "all feed", timeout)
        return self

    def look(self):
        """Whether they are."""
        self.require()
        line = next((one for one in self.log_tail(1000) if one.startswith("feeding ")), None)
        if line:
            self.told = dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", line))
        return bool(line)

    def counts(self):
        """Closes it; what it has sent."""
        self.close()
        return {key: float(value) for key, value in
                re.findall(r"(\w+)=([\d.]+)", self.log_tail(1)[0])}


class Ticks:
    """How late the play-out's ticks were since the last look."""

    def __init__(self, address):
        self._address = address
        self._last = self._read()

    def _read(self):
        with urllib.request.urlopen(f"http://{self._address}/metrics", timeout=10) as page:
            text = page.read().decode()
        counts = re.findall(
            r'earshot_server_tick_lateness_seconds_bucket{[^}]*le="([^"]+)"} (\d+)', text)
        underruns = re.findall(r"earshot_server_underruns_total{[^}]*} (\d+)", text)
        return ({float(bound): int(count) for bound, count in counts},
                sum(int(one) for one in underruns))

    def since(self):
        """A dict: ticks, the bounds in ms that 99 % and all of them kept,
        those that were later than 5 and 10 ms; underruns."""
        (before, dry_before), (now, dry) = self._last, self._read()
        self._last = now, dry
        below = {bound: count - before.get(bound, 0) for bound, count in sorted(now.items())}
        ticks = below[float("inf")]

        def kept(share):
            return 1000 * next(bound for bound, count in below.items() if count >= share * ticks)
        return {"ticks": ticks, "p99_ms": kept(0.99), "max_ms": kept(1),
                "over_5_ms": ticks - below[0.005], "over_10_ms": ticks - below[0.01],
                "underruns": dry - dry_before}


def ours(folder, within=(), arguments=()):
    """Our server, at the socket `ours` of the folder; it plays into nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        metrics = f"127.0.0.1:{free.getsockname()[1]}"
    policy = Path(folder) / "policy"
    policy.write_text(POLICY, encoding="utf-8")
    server = Server(folder, f"unix:{folder}/ours", Path(folder) / "recordings",
                    [f"--metrics={metrics}", "--resume-timeout=0s", f"--policy={policy}",
                     *arguments], within=within, sink="null")
    server.path, server.metrics = f"{folder}/ours", metrics
    return server


@contextmanager
def bare(folder):
    """The floor, at the socket `bare` of the folder."""
    log = Path(folder) / "bare.log"
    with Process(PROGRAMS / "bare_server", [f"--listen=unix:{folder}/bare"], log) as server:
        await_condition(lambda: "serving" in log.read_text(), "it serves")
        server.path = f"{folder}/bare"
        yield server
