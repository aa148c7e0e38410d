"""A sound server in the desktop guest, and what it does to the card."""
import re
import shlex
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from . import wav
from .case import require
from .guest import GuestError

TRACE = "/sys/kernel/tracing"
STOP, START = 0, 1  # SNDRV_PCM_TRIGGER_...
RING_SECONDS = 0.06  # how long what has happened may show: PipeWire's ring, and some more
SETTLED = 2.0  # s after which a play must not be disturbed any more


@dataclass
class Trigger:
    """The kernel told the card's driver to start, stop, pause or go on."""
    time: float  # of the guest's kernel, in s
    command: int  # SNDRV_PCM_TRIGGER_...


@dataclass
class Freeze:
    """A processor of the guest did not run, as the host had none for it."""
    time: float  # by the guest's clock since it booted, in s
    seconds: float


@dataclass
class Restarts:
    """Why the card was started once more."""
    frozen: int = 0  # the guest did not run: not the card's fault
    early: int = 0  # within 2 s after a program was started, or before the first one
    late: int = 0  # at any other time
    frozen_ms: int = 0  # for how long the guest did not run


@dataclass
class Sound:
    """One sound within a recording."""
    at: int  # where in the recording
    frames: int  # of it that are there
    wrong: int  # of those


class SoundServer:
    """PulseAudio or PipeWire while it runs; see `running`."""

    def __init__(self, bench):
        self._bench = bench
        self._began = []  # by the guest's clock since it booted

    def run(self, command, timeout=10):
        """Runs a program in the user's session; returns how long it took, in s."""
        guest = self._bench.guest
        result = guest.run("cut -d' ' -f1 /proc/uptime; as_user sh -c "
                           f"{shlex.quote(command)} || echo failed: $?; "
                           "cut -d' ' -f1 /proc/uptime", timeout)
        began, *output, ended = result.output.splitlines()
        require(not output, f"{command}: {' '.join(output)}")
        self._began.append(float(began))
        return float(ended) - float(began)

    def restarts(self):
        """How often the card was started once more; returns Restarts."""
        triggers = self.triggers()
        starts = [trigger.time for trigger in triggers if trigger.command == START]
        require(starts, "the card was never started")
        stops = [trigger.time for trigger in triggers if trigger.command == STOP]
        frozen = self.frozen()
        found = Restarts(frozen_ms=round(sum(freeze.seconds for freeze in frozen) * 1000))
        for start in starts[1:]:
            stop = max((stop for stop in stops if stop < start), default=start)
            if any(freeze.time < stop and stop - freeze.time - freeze.seconds < RING_SECONDS
                   for freeze in frozen):
                found.frozen += 1
            elif start < self._began[0] or any(
                    0 <= start - began < SETTLED for began in self._began):
                found.early += 1
            else:
                found.late += 1
        return found

    def frozen(self):
        """When and how long the guest's processors did not run."""
        output = self._bench.guest.run("cat /tmp/frozen.out").output
        return [Freeze(float(time), float(length) / 1000) for time, length
                in re.findall(r"^frozen ([0-9.]+) ([0-9.]+)$", output, re.MULTILINE)]

    def triggers(self):
        """What the driver has been told since the sound server started."""
        trace = self._bench.guest.run(f"cat {TRACE}/trace").output
        return [Trigger(float(time), int(command)) for time, command
                in re.findall(r" ([0-9.]+): trigger: .* cmd=(-?\d+)", trace)]

    def hw_params(self):
        """What is set now, by ALSA's names."""
        text = self._bench.guest.run("cat /proc/asound/card0/pcm0p/sub0/hw_params").output
        return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


@contextmanager
def running(bench, name):
    """Runs "pulseaudio" or "pipewire" in the guest."""
    bench.start()
    traced = bench.guest.run(
        f"[ -e {TRACE}/events/kprobes/trigger ] || {{ mount -t tracefs trace {TRACE} && "
        f"cd {TRACE} && echo boot >trace_clock && "
        "echo 'p:trigger virtsnd_pcm_trigger cmd=%si:s32' >kprobe_events && "
        f"echo 1 >events/kprobes/trigger/enable; }} && echo >{TRACE}/trace")
    require(traced.rc == 0, f"the kernel traces nothing: {traced.output}")
    bench.guest.start("frozen", "/guest-clock frozen")
    started = bench.guest.run(f"start_{name}", 60)
    require(started.rc == 0, f"{name} does not start: {started.output}")
    try:
        yield SoundServer(bench)
    finally:
        # What a guest that hangs did before says more than that it hangs.
        with suppress(GuestError):
            bench.guest.run("stop_sound_server; kill $(pidof guest-clock)", 60)


def sound_in(recorded, expected):
    """Looks for a sound, whose end may be missing; returns a Sound."""
    at = wav.find(expected, recorded)
    require(at is not None, f"the sound is not in a recording of {len(recorded)} frames")
    found = recorded[at:at + len(expected)]
    wrong = (found != expected[:len(found)]).any(axis=1)
    # Where it ends early, silence follows.
    frames = len(found)
    silent = ~found.any(axis=1)
    while frames and silent[frames - 1]:
        frames -= 1
    return Sound(at, frames, int(wrong[:frames].sum()))
