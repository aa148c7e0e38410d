"""Who plays: the feeder, a fake driver in real time, or aplay in a real guest.
Both play numbered sound, with the same periods and ring."""
from dataclasses import dataclass

import numpy

from guest.rig import wav
from guest.rig.guest import Guest
from guest.rig.processes import BIN, Process, await_condition

from . import guest_view, recording
from .guest_view import RATE, GuestView


@dataclass
class Sizes:
    """In frames."""
    period: int = 480
    ring: int = 1920


class Feeder:
    """The fake driver."""

    def __init__(self, folder, device, seconds, sizes):
        self._sizes = sizes
        self._process = Process(
            BIN / "tests/faults/feeder/feeder",
            [f"--socket={device.socket}", f"--period={sizes.period}", f"--ring={sizes.ring}",
             f"--seconds={seconds}"], folder / "feeder.csv")
        await_condition(lambda: self._process.require() and self._process.log.stat().st_size,
                        "the feeder plays")

    @property
    def alive(self):
        return self._process.alive

    def view(self):
        with open(self._process.log, encoding="utf-8") as lines:
            return guest_view.parse(lines, self._sizes.period, self._sizes.ring)

    def close(self, at_once=False):
        if at_once:
            self._process.kill()
        self._process.close()


class RealGuest:
    """aplay in QEMU. When its periods complete is not known here."""

    def __init__(self, folder, device, seconds, sizes):
        self._sizes = sizes
        self._frames = int(seconds * RATE) // sizes.period * sizes.period
        path = folder / "numbers.wav"
        wav.write(path, recording.sound(self._frames))
        self._guest = Guest(folder / "guest", device.qemu_arguments(),
                            {"numbers.wav": path.read_bytes()})
        self._guest.start("play", f"aplay -D hw:0,0 --period-size={sizes.period} "
                                  f"--buffer-size={sizes.ring} /numbers.wav")

    @property
    def alive(self):
        return self._guest.run("pidof aplay").rc == 0

    def view(self):
        result = self._guest.finish("play")
        words = result.output.lower()
        errors = words.count("underrun") + words.count("error")
        problem = "" if result.rc == 0 else f"aplay ended with {result.rc}: {result.output}"
        unknown = numpy.array([numpy.nan])
        return GuestView(unknown, unknown, unknown, self._frames, problem, errors, 0,
                         self._sizes.period)

    def close(self, at_once=False):
        del at_once
        self._guest.kill()
