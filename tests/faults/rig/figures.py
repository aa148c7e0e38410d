"""What came of a scenario: figures, and how they went over time."""
from dataclasses import dataclass

import numpy

from .guest_view import RATE

# Play-out goes on again when it runs at about its rate for so long.
STEADY_S, STEADY_RATE = 0.5, 0.8
SETTLE_S = 60  # until then the target margin learns
CAUSES = {"network_late": "network_late", "source_starved": "source_starved",
          "outage": "outage", "overload": "server_overload"}


@dataclass
class Series:
    """One row a sample; time in s since the guest began, the others in ms but
    for ppm. NaN where it is not known."""
    time: numpy.ndarray
    lead: numpy.ndarray
    latency: numpy.ndarray
    margin: numpy.ndarray
    target: numpy.ndarray
    ppm: numpy.ndarray
    underruns: list  # times
    faults: list  # (began, ended)

    COLUMNS = ("time", "lead", "latency", "margin", "target", "ppm")

    def write(self, path):
        rows = numpy.stack([getattr(self, name) for name in self.COLUMNS], axis=1)
        numpy.savetxt(path, rows, "%.3f", ",", header=",".join(self.COLUMNS), comments="")


def series(bench, guest):
    samples = [sample for sample in bench.samples()
               if sample.state in ("PRIMING", "PLAYING", "DRAINING")]
    when = numpy.array([sample.time for sample in samples])
    starts = bench.epoch_starts()

    def column(*names):
        return numpy.array([sample.number(*names) for sample in samples])

    def base(sample):
        return max([(began, position) for began, name, position in starts
                    if name == sample.server and began < sample.time], default=(0, 0))[1]

    played = (numpy.array([base(sample) for sample in samples])
              + column("played_frames") + column("skipped_frames"))
    if len(when):
        completed = numpy.interp(when, guest.time, guest.completed, left=numpy.nan,
                                 right=numpy.nan)
        latency = numpy.interp(when, guest.time, guest.latency, left=numpy.nan,
                               right=numpy.nan)
    else:
        completed = latency = numpy.full(len(when), numpy.nan)
    margin, target = column("margin_ms"), column("target_margin_ms")
    margin[margin == 0] = numpy.nan
    start = bench.began
    return Series(when - start, (completed - played) / RATE * 1000, latency / RATE * 1000,
                  margin, target, column("clock_ppm"),
                  [at - start for at, _ in _underruns(bench)],
                  [(began - start, ended - start) for began, ended in bench.faults])


def _underruns(bench):
    """When the sound ran out: [(time, how often)]."""
    before, found = {}, []
    for sample in bench.samples():
        count = int(sample.number("underruns_total"))
        if count > before.get(sample.session, 0):
            found.append((sample.time, count - before.get(sample.session, 0)))
        before[sample.session] = count
    return found


def recover_ms(bench):
    """The longest time from a fault's end until play-out goes on."""
    samples = bench.samples()
    return max((_goes_on(samples, began, ended) - ended) * 1000
               for began, ended in bench.faults)


def _goes_on(samples, began, ended):
    """When a fault's effect was over: from then on it plays at its rate."""
    for index, sample in enumerate(samples):
        # What is held plays on in a fault; that counts if it goes on beyond it.
        if sample.time < began or sample.state != "PLAYING":
            continue
        later = next((other for other in samples[index:] if other.session == sample.session
                      and other.time >= max(sample.time, ended) + STEADY_S), None)
        if later is None:
            continue
        frames = later.number("played_frames_total") - sample.number("played_frames_total")
        if frames / RATE > STEADY_RATE * (later.time - sample.time):
            return max(sample.time, ended)
    return float("inf")


def _last_streams(bench):
    """The last sample of each session."""
    return {sample.session: sample for sample in bench.samples()}.values()


def _percentiles(name, values, ranks=(50, 99)):
    known = values[~numpy.isnan(values)]
    if not len(known):
        return {}
    return {f"{name}_p{rank}_ms": numpy.percentile(known, rank) for rank in ranks}


def _heard(bench, fed, skipped, lasts):
    """What was played."""
    if bench.scenario.sink == "wav" and bench.scenario.codec == "pcm":
        heard = bench.heard(fed)
        return {"played": heard.frames, "missing": heard.missing(fed),
                "duplicates": heard.duplicates, "altered": heard.altered}
    # Opus keeps no numbers, and a sound card no recording: there is but a count.
    if bench.scenario.sink == "wav":
        played = bench.heard(fed).frames
    else:
        played = int(sum(last.number("played_frames_total") for last in lasts))
    missing = fed - played
    return {"played": played, "missing": missing, "duplicates": max(0, skipped - missing),
            "altered": 0}


def figures(bench, guest, over_time):
    """The figures of the RESULT line."""
    declared = bench.device_counts()
    skipped, lost = declared.get("skipped", 0), declared.get("lost", 0)
    lasts = _last_streams(bench)
    values = {"produced": guest.fed, "skipped": skipped, "lost": lost}
    values |= _heard(bench, guest.fed, skipped, lasts)
    missing = values["missing"]
    # What is declared lost may have been played: nobody could know.
    surplus = missing - skipped
    values["unaccounted"] = surplus - min(max(surplus, 0), lost)
    values["guest_errors"] = guest.errors
    values["feeder_late"] = guest.late
    found = _underruns(bench)
    settle_s = min(SETTLE_S, bench.seconds / 2)
    settled = bench.began + SETTLE_S
    values["underruns"] = sum(count for _, count in found)
    values["underruns_settled"] = sum(count for when, count in found if when >= settled)
    for key, name in CAUSES.items():
        values[key] = int(sum(last.number("underrun_causes", name) for last in lasts))
    values["resumes"] = int(sum(last.number("resumes_total") for last in lasts))
    values["starved_ms"] = bench.processor.worst_ms
    values["retransmissions"] = bench.network.retransmissions()
    if bench.faults:
        values["fault_ms"] = max(ended - began for began, ended in bench.faults) * 1000
        values["recover_ms"] = recover_ms(bench)
    values |= _percentiles("lead", over_time.lead)
    values |= _percentiles("latency", over_time.latency)
    values |= _percentiles("latency_error", numpy.abs(over_time.latency - over_time.lead), (50,))
    values |= _percentiles("margin", over_time.margin, (50,))
    values |= _percentiles("target", over_time.target, (50, 100))
    off = numpy.abs(over_time.margin - over_time.target)[over_time.time >= settle_s]
    values |= _percentiles("margin_off", off, (50, 99))
    if len(over_time.ppm):
        values |= {"ppm_p50": numpy.median(over_time.ppm), "ppm_sd": over_time.ppm.std()}
    return values | guest.interval_figures()


def complaints(values, most, least):
    """What of the expectations does not hold."""
    found = []
    for key, bound in most.items():
        if not values.get(key, float("inf")) <= bound:
            found.append(f"{key}={shown(values.get(key, 'unknown'))} > {bound}")
    for key, bound in least.items():
        if not values.get(key, float("-inf")) >= bound:
            found.append(f"{key}={shown(values.get(key, 'unknown'))} < {bound}")
    if values["unaccounted"] < 0:
        found.append(f"unaccounted={values['unaccounted']}: declared as skipped, yet played")
    return found


def shown(value):
    """A figure as it is printed."""
    if isinstance(value, (float, numpy.floating)):
        return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"
    return str(value)
