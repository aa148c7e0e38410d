"""What a small guest must be able to do. Cases in the order that saves most boots."""
import re
from contextlib import closing
from dataclasses import dataclass

from . import wav
from .bench import Bench, busy_seconds
from .case import case, figures, require, require_exact
from .standstill import StandstillWatch
from .trial import Trial

# Opus at 128 kb/s against the original, sample by sample: music's waveform is
# kept well, and a frame of misalignment costs all of it.
OPUS_SNR_DB = 15


@case("pcm_sweep", "10 s sweep, PCM codec: every frame, byte-exact")
def pcm_sweep(bench: Bench):
    play = bench.play("sweep10")
    require_exact(play)
    return figures(play)


# The driver's least period is 10 ms of the smallest format that the device
# offers, which is 240 frames of 16-bit stereo; this makes it 24.
SHORT_PERIODS = "pcm_period_ms_min=1"
# Its largest ring is 160 ms of the largest format, too little for the periods
# that pcm-test asks for; it would get others, whose number is not whole, and
# the driver never sends the rest of the last one: a wait in vain of 1.1 rings.
LONG_RINGS = "pcm_buffer_ms=6000 pcm_period_ms_max=1000"


def small_periods(period, buffer):
    def run(bench: Bench):
        def play_once():
            play = bench.play("sweep3", period, buffer)
            require_exact(play)
            require(not play.underruns, f"{play.underruns} underruns: {play.output.strip()}")
            require(play.period == period, f"the period was {play.period}")
            return play

        bench.start()
        if period < 240:
            bench.reload_driver(SHORT_PERIODS)
        with closing(StandstillWatch()) as watch:
            trial = Trial(watch, buffer / wav.RATE / 2)
            plays = [trial.run("play", play_once) for _ in range(3)]
        if period < 240:
            bench.reload_driver()
        return {"plays": len(plays), "spoiled": len(trial.spoiled),
                "frames_played": sum(play.comparison.played for play in plays),
                "frames_expected": sum(play.comparison.expected for play in plays)}
    return run


# The first and the last show most.
for _period, _buffer, _long in ((960, 3840, False), (480, 1920, True), (240, 960, True),
                                (128, 512, False)):
    case(f"period_{_period}_{_buffer}",
         f"periods of {_period} in a buffer of {_buffer}, 3 times 3 s: no underrun",
         long=_long)(small_periods(_period, _buffer))

for _sound, _text in (("s32", "S32_LE"), ("float", "FLOAT_LE"), ("mono", "one channel")):
    def _play(bench: Bench, sound=_sound):
        play = bench.play(sound)
        require_exact(play)
        return figures(play)
    case(f"format_{_sound}", f"3 s of {_text}, byte-exact")(_play)


@case("kill_in_prebuffer", "aplay is killed before it starts to play; the next one plays")
def kill_in_prebuffer(bench: Bench):
    bench.start()
    bench.guest.start("half", 'sh -c "(head -c 40000 /sweep3.wav; sleep 20) | '
                              'aplay -q -D hw:0,0 --buffer-size=48000 --period-size=2400"')
    # Its prebuffer is queued, and the stream is prepared but does not run.
    status = bench.guest.run("until grep -q PREPARED /proc/asound/card0/pcm0p/sub0/status; "
                             "do usleep 10000; done; usleep 300000; killall -9 aplay sleep", 10)
    require(status.rc == 0, "no aplay in its prebuffer: " + status.output)
    bench.guest.finish("half")
    play = bench.play("sweep3")
    require_exact(play)
    return figures(play)


@dataclass
class PcmTest:
    """What the kernel's pcm-test says of playback."""
    passed: list  # names
    failed: dict  # name → all that it says
    skipped: list

    @property
    def figures(self):
        return {"passed": len(self.passed), "failed": len(self.failed),
                "skipped": len(self.skipped)}


def run_pcm_test(bench, parameters=LONG_RINGS, change="true"):
    """Runs the kernel's pcm-test with these parameters of the driver; `change` is
    what the guest does to pcm-test.conf before."""
    bench.start()
    bench.reload_driver(parameters)
    changed = bench.guest.run("rm -rf /tmp/selftests && cp -r /selftests /tmp && "
                              f"cd /tmp/selftests && {change}")
    require(changed.rc == 0, changed.output)
    output = bench.guest.run("cd /tmp/selftests && ./pcm-test", 180).output
    bench.reload_driver()
    found = PcmTest([], {}, [])
    for verdict, skip, name, rest in re.findall(
            r"^(ok|not ok) \d+ (# SKIP )?\w+\.(\w+)\.\S+\.PLAYBACK(.*(?:\n# (?!default).*)*)",
            output, re.MULTILINE):
        if verdict == "not ok":
            found.failed[name] = rest.strip()
        else:
            (found.skipped if skip else found.passed).append(name)
    require(found.passed or found.failed, "no case ran: " + output)
    return found


@case("pcm_test", "the kernel's own pcm-test: no playback case fails")
def pcm_test(bench: Bench):
    found = run_pcm_test(bench)
    require(not found.failed, str(found.failed))
    return found.figures


@case("reflection", "ListStreams, GetStream and Health/Check, by reflection alone", "opus")
def reflection(bench: Bench):
    bench.play("sweep1")
    client = bench.server.client
    name = bench.device.stream_name
    services = client.services()
    for service in ("earshot.v1.AdminService", "earshot.v1.PlaybackService"):
        require(service in services, f"{service} is not among {services}")
        status = client.call("grpc.health.v1.Health/Check", service=service)["status"]
        require(status == "SERVING", f"{service} is {status}")
    names = [stream["name"] for stream in
             client.call("earshot.v1.AdminService/ListStreams")["streams"]]
    require(name in names, f"{name} is not among {names}")
    stream = bench.stream()
    require(stream["codec"] == "CODEC_OPUS", f"codec {stream['codec']}")
    return {"services": len(services), "streams": len(names)}


@case("opus_sweep", f"10 s sweep, Opus: every frame, aligned, SNR of at least {OPUS_SNR_DB} dB",
      "opus")
def opus_sweep(bench: Bench):
    play = bench.play("sweep10")
    found = play.comparison
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    require(found.played == found.expected,
            f"{found.played} of {found.expected} frames recorded")
    require(found.alignment == 0, f"aligned at {found.alignment} frames")
    require(found.snr_db >= OPUS_SNR_DB, f"SNR of {found.snr_db:.1f} dB")
    require(play.balanced, f"GetStream does not balance: {play.stream}")
    return {**figures(play), "alignment": found.alignment, "snr_db": round(found.snr_db, 2)}


@case("resources", "memory and processor time while a stream plays", "opus")
def resources(bench: Bench):
    bench.start()
    playing = bench.playing("sweep10")
    playing.await_frames(wav.RATE)
    cpu, rss = busy_seconds(bench, 5)
    play = playing.finish()
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    return {"device_rss_kb": rss[0], "server_rss_kb": rss[1],
            "device_cpu_percent": round(20 * cpu[0], 2),
            "server_cpu_percent": round(20 * cpu[1], 2)}


@case("server_late", "no server at first, one comes 3 s into a 10 s play: the rest is recorded",
      "late")
def server_late(bench: Bench):
    expected = wav.sweep(10)
    playing = bench.playing("sweep10")
    playing.await_frames(3 * wav.RATE)
    bench.server  # It starts by being used. pylint: disable=pointless-statement
    play = playing.finish()
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    require(not play.underruns, f"{play.underruns} underruns")
    produced, skipped, played = map(play.count, ("produced", "skipped", "played"))
    require(produced == len(expected), f"{produced} of {len(expected)} frames produced")
    require(play.balanced, f"GetStream does not balance: {play.stream}")
    require(len(play.recorded) == played, f"{len(play.recorded)} recorded, {played} played")
    # It may take the client a moment to find the server.
    require(played >= 5 * wav.RATE, f"only {played} frames of the rest were recorded")
    # A fade may cover the seam.
    doubtful = wav.tail_mismatch(expected, play.recorded)
    require(doubtful <= wav.RATE // 100, f"{doubtful} frames from its start on differ")
    return {"rc": play.rc, "frames_produced": produced, "frames_played": played,
            "frames_skipped": skipped, "underruns": play.underruns}
