"""The clock of the guest's sound card, and the delay that it tells, against
what the server says: guest-clock's findings."""
import re
import time
from dataclasses import dataclass

import numpy

from .case import require
from .wav import RATE

SETTLING = 1.5  # s after which clocks and latencies are what they are to be


@dataclass
class Run:
    """One play of guest-clock."""
    time: numpy.ndarray  # of each step of the position, in s of this machine's monotonic clock
    position: numpy.ndarray  # in frames, like all that follow
    written: numpy.ndarray
    delay: numpy.ndarray  # what snd_pcm_delay said
    underruns: int
    # What the server had played when.
    server_time: numpy.ndarray
    server_played: numpy.ndarray

    def steadiness(self, period):
        """How steadily periods elapse once it has settled, in ms."""
        settled = self.time > self.time[0] + SETTLING
        gaps = numpy.diff(self.time[settled]) * 1000
        single = gaps[numpy.diff(self.position[settled]) == period]
        require(len(single) > len(gaps) / 2, f"only {len(single)} of {len(gaps)} steps are periods")
        p1, p99 = numpy.percentile(single, (1, 99))
        return {"sd_ms": single.std(), "p1_ms": p1, "p99_ms": p99, "max_ms": gaps.max(),
                "merged": len(gaps) - len(single)}

    def latency_ms(self):
        """What the card adds to its ring, by snd_pcm_delay."""
        settled = self.time > self.time[0] + SETTLING
        return float(numpy.median((self.delay - self.written + self.position)[settled]) / RATE * 1000)

    def delay_errors_ms(self):
        """By how much snd_pcm_delay is wrong: it says which frame is heard, and
        so does the server."""
        within = ((self.server_time > self.time[0] + SETTLING)
                  & (self.server_time < self.time[-1]))
        require(within.sum() > 20, "the server was asked too seldom")
        heard = numpy.interp(self.server_time[within], self.time, self.written - self.delay)
        return (self.server_played[within] - heard) / RATE * 1000


def _clock_offset(guest):
    """What this machine's monotonic clock is ahead of the guest's, in s: to
    within what the serial console takes, well under 1 ms at its best."""
    seen = len(guest.console)
    guest.run("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /guest-clock now; done >/dev/console")
    time.sleep(0.1)
    offsets = [at - int(text) / 1e9 for at, text in guest.console[seen:] if text.isdigit()]
    require(offsets, "the guest does not tell the time")
    return min(offsets)


def run(bench, period, ring, seconds):
    """Plays for so long, while the server is asked what it plays; returns a Run."""
    _, _, guest = bench.start()
    offset = _clock_offset(guest)
    epochs = bench.epochs()
    guest.start("clock", f"/guest-clock play {period} {ring} {seconds}")
    played = []
    deadline = time.monotonic() + seconds + 1
    while time.monotonic() < deadline:
        began = time.monotonic()
        stream = bench.stream()
        took = time.monotonic() - began
        if int(stream.get("epochs_total", 0)) > epochs:
            played.append((took, began + took / 2, int(stream["played_frames"])))
        time.sleep(0.02)
    result = guest.finish("clock", 20)
    require(result.rc == 0, f"guest-clock: {result.output}")
    steps = numpy.array([[int(number) for number in step] for step in
                         re.findall(r"step (\d+) (\d+) (\d+) (\d+)", result.output)])
    require(len(steps) > seconds * RATE / period / 2, f"only {len(steps)} steps seen")
    # An answer that took long does not say when it was true.
    played = sorted(played)[:len(played) // 2]
    server_time, server_played = numpy.array([answer[1:] for answer in sorted(
        played, key=lambda answer: answer[1])]).T
    return Run(steps[:, 0] / 1e9 + offset, *steps.T[1:].astype(float),
               int(result.output.rpartition("underruns ")[2]), server_time, server_played)
