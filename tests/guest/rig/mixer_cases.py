"""The guest's mixer: its volume and its switch are the server's."""
import re

import numpy

from . import wav
from .bench import Bench
from .case import case, require
from .processes import await_condition

SET_VOLUME = "earshot.v1.AdminService/SetVolume"


@case("mixer_test", "the kernel's own mixer-test: no case fails", "mixer")
def mixer_test(bench: Bench):
    bench.start()
    output = bench.guest.run("cd /selftests && ./mixer-test", 180).output
    results = re.findall(r"^(ok|not ok) \d+ (# SKIP )?(\S+)", output, re.MULTILINE)
    failed = [name for verdict, _, name in results if verdict != "ok"]
    skipped = [name for _, skip, name in results if skip]
    require(not failed, f"failed: {failed}\n{output}")
    for test in ("get_value", "name", "write_default", "write_valid", "write_invalid",
                 "event_missing", "event_spurious"):
        passed = [name for _, skip, name in results if name.startswith(test) and not skip]
        require(len(passed) >= 2, f"{test} did not pass for volume and switch:\n{output}")
    return {"passed": len(results) - len(skipped), "failed": 0, "skipped": len(skipped)}


def master(bench):
    """What amixer says of the volume: its value, dB, and whether it is on."""
    output = bench.guest.run("amixer -c0 sget Master").output
    found = re.search(r"Playback (\d+) \[\d+%\] \[(-?[\d.]+)dB\] \[(on|off)\]", output)
    require(found, f"amixer says {output}")
    return int(found[1]), float(found[2]), found[3] == "on"


def volume(bench):
    """The same as the server has it: dB, and whether it is on."""
    said = bench.stream()["volume"]
    return said["gain_db"], not said["mute"]


@case("mixer", "amixer sets the server's volume, and shows what an operator sets", "mixer")
def mixer(bench: Bench):
    bench.start()
    bench.guest.run("amixer -q -c0 sset Master 120 unmute")
    require(master(bench) == (120, 0.0, True), f"at first {master(bench)}")
    bench.guest.run("amixer -q -c0 sset Master -- -20dB")
    await_condition(lambda: volume(bench) == (-20, True), "the server has what amixer set")
    play = bench.play("sweep3")
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    expected = wav.sweep(3).astype(float) / 10
    require(play.recorded.shape == expected.shape, f"{play.recorded.shape} recorded")
    worst = numpy.abs(play.recorded - expected).max()
    require(worst <= 1, f"not 20 dB less: {worst} steps off")

    # What an operator sets.
    bench.server.client.call(SET_VOLUME, name=bench.device.stream_name,
                             volume={"gain_db": -6.5, "mute": True})
    await_condition(lambda: master(bench) == (107, -6.5, False), "the guest sees it")
    bench.guest.run("amixer -q -c0 sset Master 120 unmute")
    await_condition(lambda: volume(bench) == (0, True), "the server has what amixer set")
    return {"worst_steps": round(float(worst), 2)}
