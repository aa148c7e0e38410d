"""The scenarios, as data."""
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

from . import faults

# What holds in every scenario: see README.md for the words.
ALWAYS = {"unaccounted": 0, "duplicates": 0, "guest_errors": 0}


@dataclass
class Scenario:
    """`wire` is in wirefilter's words, for each direction. The fault strikes
    after `at` seconds, and then every minute. `most` and `least` bound figures
    of the RESULT line, in addition to ALWAYS."""
    name: str
    text: str
    wire: dict = field(default_factory=dict)
    codec: str = "pcm"
    congestion: str = "cubic"  # control of TCP
    seconds: float = 12
    fault: Optional[Callable] = None
    at: float = 4
    sink: str = "wav"
    servers: tuple = ("a",)
    device_clock: tuple = ()  # words of the environment
    device_flags: tuple = ()
    server_flags: tuple = ()
    most: dict = field(default_factory=dict)
    least: dict = field(default_factory=dict)
    # What a server's start may take so that nothing has to be skipped: window
    # and stall budget, less the client's backoff.
    covered_ms: float = float("inf")
    only_if_named: bool = False

    def bounds(self, values):
        """What the figures may be at most."""
        most = {**ALWAYS, **self.most}
        if values.get("fault_ms", 0) > self.covered_ms:
            most.pop("skipped", None)
        return most

    def why_not(self):
        """Why it cannot be run here, or None."""
        if self.sink == "pulse" and not shutil.which("pulseaudio"):
            return "pulseaudio: not installed"
        if self.device_clock and not list(Path("/usr").glob(FAKETIME.replace("$LIB", "lib/*"))):
            return "libfaketime: not installed"
        if self.congestion not in AVAILABLE.read_text().split():
            return f"{self.congestion}: this kernel's TCP does not have it (modprobe tcp_{self.congestion})"
        return None


AVAILABLE = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
FAKETIME = "$LIB/faketime/libfaketimeMT.so.1"


def clock_runs(ppm):
    """A clock that is so much too fast. Not too slow: then the deadlines that
    gRPC gives to the kernel's own clock are over from the start, and its threads
    spin, the longer the more."""
    return (f"LD_PRELOAD=/usr/{FAKETIME}", f"FAKETIME=+0 x{1 + ppm / 1e6:.6f}")


# Nothing is discarded and nothing is in doubt.
LOSSLESS = {"skipped": 0, "lost": 0, "altered": 0}
# A segment that is lost again and again keeps all that follows waiting for longer
# than any window: one time in some dozens of runs, and what is skipped then is little.
LOST_AGAIN = {"lost": 0, "skipped": 4800}
# An outage of less than a second is packets that are late.
GUEST_IN_TIME = {"source_starved": 0, "overload": 0}
# No underrun but those that the fault explains.
OUTAGE_ONLY = {"network_late": 0, "source_starved": 0, "overload": 0}

SCENARIOS = [
    Scenario("clean", "a perfect wire", most={**LOSSLESS, "underruns": 0}),
    Scenario("jitter_20_5", "20±5 ms each way", {"delay": "20+5N"}, seconds=20,
             most={**LOSSLESS, "underruns": 3, "underruns_settled": 0,
                   "latency_p50_ms": 20 + 45}),
    Scenario("jitter_20_5_bbr", "20±5 ms each way, Opus, TCP's BBR", {"delay": "20+5N"}, "opus",
             "bbr", seconds=20, most={"lost": 0, "skipped": 0, "underruns": 3,
                                      "underruns_settled": 0, "latency_p50_ms": 20 + 45},
             only_if_named=True),
    Scenario("jitter_50_20", "50±20 ms each way", {"delay": "50+20N"}, seconds=20,
             most={**LOSSLESS, "underruns": 6, "underruns_settled": 1}),
    Scenario("jitter_100_50", "100±50 ms each way", {"delay": "100+50N"}, seconds=20,
             most={**LOSSLESS, "underruns": 20, "underruns_settled": 2}),
    Scenario("loss_1", "1 % loss at 20±2 ms", {"delay": "20+2N", "loss": 1}, seconds=20,
             most=LOST_AGAIN),
    Scenario("loss_5", "5 % loss at 20±2 ms, Opus", {"delay": "20+2N", "loss": 5}, "opus",
             seconds=20, most={"lost": 0}),
    Scenario("limit_256k", "256 kb/s at 10 ms, Opus", {"delay": "10", "bandwidth": "32K"},
             "opus", most=LOSSLESS),
    Scenario("blackout_200ms", "nothing passes for 200 ms", {"delay": "5"},
             fault=faults.blackout(0.2), most={**LOSSLESS, **GUEST_IN_TIME}),
    Scenario("blackout_2s", "nothing passes for 2 s", {"delay": "5"}, seconds=16,
             fault=faults.blackout(2), most={"lost": 0, **OUTAGE_ONLY}),
    Scenario("blackout_20s", "nothing passes for 20 s", {"delay": "5"}, seconds=34,
             fault=faults.blackout(20), most=OUTAGE_ONLY),
    Scenario("kill_restart", "kill -9 of the server, which is back at once", {"delay": "5"},
             fault=faults.kill(0), covered_ms=350, most={"skipped": 0, **OUTAGE_ONLY}),
    Scenario("kill_restart_5s", "kill -9 of the server, which is back after 5 s",
             {"delay": "5"}, seconds=18, fault=faults.kill(5), most=OUTAGE_ONLY),
    Scenario("hand_over", "SIGTERM of the server; another one takes over", {"delay": "5"},
             fault=faults.hand_over, servers=("a", "b"),
             most={**LOSSLESS, "underruns": 0}),
    Scenario("tcp_reset", "the connection is reset", {"delay": "5"}, fault=faults.reset,
             most={**LOSSLESS, **OUTAGE_ONLY}, least={"resumes": 1}),
    Scenario("freeze_50ms", "SIGSTOP of the server for 50 ms", {"delay": "5"},
             fault=faults.freeze(0.05), most=LOSSLESS),
    Scenario("freeze_1s", "SIGSTOP of the server for 1 s", {"delay": "5"}, seconds=14,
             fault=faults.freeze(1), most={"lost": 0}),
    Scenario("sound_server", "the sound server restarts within 1 s", {"delay": "5"},
             fault=faults.restart_sound_server(0.5), sink="pulse", most={"lost": 0}),
    Scenario("drift_200ppm", "the device's clock is 200 ppm fast", {"delay": "5"},
             seconds=300, device_clock=clock_runs(200), only_if_named=True,
             most={**LOSSLESS, "underruns": 0, "margin_off_p99_ms": 3}),
]
