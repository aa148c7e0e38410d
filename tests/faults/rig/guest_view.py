"""What the guest sees: the feeder's log of completions."""
from dataclasses import dataclass

import numpy

RATE = 48000
# ALSA's: it waits so long for a period, and then says EIO.
PATIENCE_S, PATIENCE_RINGS = 0.1, 1.1


@dataclass
class GuestView:
    """`time` in s of the monotonic clock, the others in frames."""
    time: numpy.ndarray
    completed: numpy.ndarray
    latency: numpy.ndarray
    fed: int
    problem: str
    errors: int  # that ALSA would have given the guest
    late: int  # would-be errors that are the feeder's own, on a busy machine
    period: int

    def interval_figures(self):
        """How steadily periods complete, in ms."""
        gaps = numpy.diff(self.time) * 1000
        single = gaps[numpy.diff(self.completed) == self.period]
        # Before that, the device fills what a card's FIFO would hold.
        single = single[10:]
        if not len(single):
            return {}
        return {"interval_sd_ms": single.std(), "interval_p1_ms": numpy.percentile(single, 1),
                "interval_p99_ms": numpy.percentile(single, 99),
                "interval_max_ms": gaps[10:].max()}


def parse(lines, period, ring):
    """Reads what the feeder said while it played with such periods and ring."""
    rows, fed, problem = [], None, "the feeder has not ended"
    for line in lines:
        words = line.rstrip("\n").split(",")
        if words[0] == "fed":
            fed = int(words[1])
        elif words[0] == "end":
            problem = ",".join(words[1:])
        elif len(words) == 5:
            rows.append([int(word) for word in words])
    table = numpy.array(rows, dtype=numpy.int64).reshape(-1, 5)
    if not len(table):
        problem = problem or "the guest has played nothing"
        table = numpy.zeros((1, 5), numpy.int64)
    seconds, completed = table[:, 0] / 1e9, table[:, 1]
    fed = int(completed[-1]) if fed is None else fed
    errors, late = _errors(table, ring)
    return GuestView(seconds, completed, table[:, 2] / 4, fed, problem, errors, late, period)


def _errors(table, ring):
    """Completions that came too late, and rings that were empty at once."""
    own = table[:, 4] / 1e6
    waits = numpy.diff(table[:, 0]) / 1e9
    too_long = waits > max(PATIENCE_S, PATIENCE_RINGS * ring / RATE)
    excused = own[1:] > waits / 2
    empty = (table[:, 3] == 0) & (table[:, 1] != table[-1, 1])
    asleep = own > ring / RATE / 2
    errors = int((too_long & ~excused).sum() + (empty & ~asleep).sum())
    return errors, int((too_long & excused).sum() + (empty & asleep).sum())
