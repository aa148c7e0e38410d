"""What the guest knows of time: when its periods elapse, and when its sound is
heard."""
import numpy

from . import card_clock
from .bench import Bench
from .case import case, require
from .cases import pcm_test

PERIOD, RING = 480, 1920  # frames
SECONDS = 8
JITTER = "20+5N"  # ms each way, as wirefilter puts it
# Of the 10 ms that snd_pcm_delay may be wrong by, the server's ticks take 5.
DELAY_ERROR_MS = 10
# By how much more than on a clean link periods may spread (p1 to p99) while
# the network shakes every packet by 5 ms (sd): hw_ptr does not follow it.
MORE_SPREAD_MS = 5


def measure(bench):
    """Plays once; returns the figures."""
    run = card_clock.run(bench, PERIOD, RING, SECONDS)
    require(not run.underruns, f"{run.underruns} underruns")
    errors = run.delay_errors_ms()
    values = {**run.steadiness(PERIOD), "latency_ms": run.latency_ms(),
              "delay_error_ms": numpy.median(errors),
              "delay_error_p5_ms": numpy.percentile(errors, 5),
              "delay_error_p95_ms": numpy.percentile(errors, 95)}
    return {key: round(float(value), 2) for key, value in values.items()}


@case("delay", "snd_pcm_delay tells when a frame is heard, to within 10 ms")
def delay(bench: Bench):
    values = measure(bench)
    require(abs(values["delay_error_ms"]) <= DELAY_ERROR_MS,
            f"snd_pcm_delay is wrong by {values['delay_error_ms']} ms: {values}")
    return values


@case("steadiness", "how steadily periods elapse on a clean link, and with 20±5 ms each way",
      "wire")
def steadiness(bench: Bench):
    values = {}
    for name, delays in (("clean", "0"), ("jitter", JITTER)):
        bench.start()
        bench.network.set("delay", delays)
        found = measure(bench)
        values.update({f"{name}_{key}": value for key, value in found.items()})
        require(abs(found["delay_error_ms"]) <= DELAY_ERROR_MS,
                f"{name}: snd_pcm_delay is wrong by {found['delay_error_ms']} ms: {values}")
    clean, shaken = (values[f"{name}_p99_ms"] - values[f"{name}_p1_ms"]
                     for name in ("clean", "jitter"))
    require(shaken <= clean + MORE_SPREAD_MS, f"periods spread by {shaken} ms: {values}")
    return values


@case("pcm_test_jitter", "the kernel's own pcm-test with 20±5 ms each way: no playback case fails",
      "wire")
def pcm_test_jitter(bench: Bench):
    bench.start()
    bench.network.set("delay", JITTER)
    return pcm_test(bench)
