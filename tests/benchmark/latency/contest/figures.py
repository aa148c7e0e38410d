"""From what sources and recorder said to figures."""
from dataclasses import dataclass, field

# An impulse's pitch comes again after eight of them, 1.6 s at least.
LONGEST_NS = 1_500_000_000


@dataclass
class Figures:
    """What became of one contestant's impulses; times in ms, each list sorted."""
    sent: int = 0
    latencies: list = field(default_factory=list)   # from where it was handed over
    from_card: list = field(default_factory=list)   # from where the card's clock passed it
    waiting: list = field(default_factory=list)     # between these two
    claimed: list = field(default_factory=list)     # what the card said of its own latency
    gaps: list = field(default_factory=list)        # how long the carrier was gone
    jumps: int = 0                                  # breaks of the carrier without a gap
    extra: int = 0                                  # impulses that nobody sent, or twice
    cpu_percent: float = float("nan")               # of one processor, its programs together

    @property
    def lost(self):
        return self.sent - len(self.latencies)

    @property
    def stable(self):
        return self.sent > 0 and not (self.lost or self.extra or self.gaps or self.jumps)


def percentile(values, share):
    """Of a sorted list; nearest rank."""
    if not values:
        return float("nan")
    return values[min(len(values) - 1, int(share * len(values)))]


def _lines(log, word):
    if not log.exists():
        return
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            words = line.split()
            # The last line may be cut.
            if words and words[0] == word and line.endswith("\n"):
                yield words[1:]


def collect(name, recorder_log, source_log, begin_ns, end_ns):
    """The figures of what was sent from `begin_ns` to `end_ns`."""
    figures = Figures()
    heard = sorted((int(time), int(number)) for sink, number, time
                   in _lines(recorder_log, "impulse") if sink == name)
    passed = {int(number): (int(time), int(latency))
              for number, time, latency in _lines(source_log, "passed")}
    taken = set()
    for number, pitch, sent in ([int(word) for word in words]
                                for words in _lines(source_log, "sent")):
        arrival = next((time for time, id_ in heard if id_ == pitch and time not in taken
                        and sent < time < sent + LONGEST_NS), None)
        taken.add(arrival)
        if not begin_ns <= sent < end_ns:
            continue
        figures.sent += 1
        if arrival is None:
            continue
        figures.latencies.append((arrival - sent) / 1e6)
        if number in passed:
            card, claimed_us = passed[number]
            figures.from_card.append((arrival - card) / 1e6)
            figures.waiting.append((card - sent) / 1e6)
            figures.claimed.append(claimed_us / 1e3)
    figures.extra = sum(1 for time, _ in heard
                        if time not in taken and begin_ns <= time < end_ns)
    for sink, time, gap, _ in _lines(recorder_log, "break"):
        if sink != name or not begin_ns <= int(time) < end_ns:
            continue
        if float(gap) > 0:
            figures.gaps.append(float(gap))
        else:
            figures.jumps += 1
    for values in (figures.latencies, figures.from_card, figures.waiting, figures.claimed):
        values.sort()
    return figures


def stalls(recorder_log, begin_ns, end_ns):
    """How long the machine stood still, each time, in ms."""
    return [float(ms) for time, ms in _lines(recorder_log, "stall")
            if begin_ns <= int(time) < end_ns]


def table(rows):
    """[(name, text, Figures)] as lines for people."""
    yield (f"{'':16} {'p50':>8} {'p99':>8} {'max':>8} {'impulses':>9} {'lost':>5} {'extra':>5} "
           f"{'gaps':>5} {'jumps':>5} {'cpu %':>6}")
    for name, text, found in rows:
        ms = [percentile(found.latencies, share) for share in (0.5, 0.99, 1)]
        yield (f"{name:16} " + " ".join(f"{value:8.1f}" for value in ms)
               + f" {found.sent:9} {found.lost:5} {found.extra:5} {len(found.gaps):5}"
               f" {found.jumps:5} {found.cpu_percent:6.2f}  {text}")


def result_line(name, found):
    """One RESULT line, for programs."""
    values = {"p50_ms": percentile(found.latencies, 0.5), "p99_ms": percentile(found.latencies, 0.99),
              "max_ms": percentile(found.latencies, 1)}
    if found.from_card:
        values |= {"card_p50_ms": percentile(found.from_card, 0.5),
                   "card_p99_ms": percentile(found.from_card, 0.99),
                   "claimed_p50_ms": percentile(found.claimed, 0.5)}
    return (f"RESULT latency.{name} "
            + " ".join(f"{key}={value:.2f}" for key, value in values.items())
            + f" impulses={found.sent} lost={found.lost} extra={found.extra}"
            f" gaps={len(found.gaps)} gap_max_ms={max(found.gaps, default=0):.0f}"
            f" jumps={found.jumps} cpu_percent={found.cpu_percent:.2f}")
