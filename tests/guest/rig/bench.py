"""The whole way, from a guest's aplay to a recording."""
import itertools
import time
from pathlib import Path

from faults.rig import network

from . import wav
from .guest import Guest, GuestError, build_desktop, build_programs, build_selftests
from .processes import Device, ProcessError, Server, await_condition
from .sounds import SOUNDS, WIDE_SOUNDS

VM = "guest-test"
PORT = 50051
EVERYTHING = ("--formats=all", "--rates=all", "--channels=8")
# By the name that cases give: how they differ from a small guest and codec pcm.
BENCHES = {
    "pcm": {},
    "opus": {"codec": "opus"},
    "late": {},
    "wire": {"wire": True},
    "replug": {"pluggable": True},
    "jack": {"sounds": {}},
    "streams": {"device_flags": ("--streams=2",)},
    "mixer": {"device_flags": ("--controls=on",)},
    "wide": {"sounds": WIDE_SOUNDS, "device_flags": EVERYTHING},
    "wide_opus": {"codec": "opus", "sounds": WIDE_SOUNDS, "device_flags": EVERYTHING},
    "broad": {"sounds": {}, "device_flags": ("--formats=S16", "--rates=8000,44100,48000,96000",
                                             "--channels=6")},
    "desktop": {"desktop": True},
}
AT_REST = ("STREAM_STATE_IDLE", "STREAM_STATE_CLOSED")
FAR_FROM_HERE = 3  # seconds that a played sound may take to reach the recording's end


class Play:
    """One run of aplay, and what came of it."""

    def __init__(self, result, stream, recorded, expected):
        self.rc = result.rc
        self.output = result.output
        self.stream = stream  # as GetStream tells it, after the drain
        self.period = stream.get("guest_period_frames", 0)
        # aplay fills its last period up with silence.
        padding = recorded[len(expected):]
        if len(padding) < self.period and not padding.any():
            recorded = recorded[:len(expected)]
        self.recorded = recorded
        self.comparison = wav.compare(expected, recorded)
        self.underruns = result.output.count("underrun")

    @property
    def balanced(self):
        """Whether every frame that was produced was played or skipped."""
        count = self.count
        return count("produced") == count("played") + count("skipped")

    def count(self, what):
        return int(self.stream.get(what + "_frames", -1))


class Bench:
    """A server, a device and a guest; each is started when it is first used."""

    def __init__(self, folder, cpus, codec="pcm", desktop=False, wire=False, pluggable=False,
                 device_flags=(), sounds=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.codec = codec
        self.cpus = cpus  # of the guest
        self.desktop = desktop
        self.boots = 0
        self.sounds = SOUNDS if sounds is None else sounds  # in the guest's root
        self._pluggable = pluggable  # whether the card may be unplugged
        self._device_flags = [f"--codec={codec}", *device_flags]
        self._numbers = itertools.count(1)
        self._server = self._device = self._guest = None
        # What stands between device and server, where anything does.
        self.network = network.Network(self.folder) if wire else None
        # The rig itself asks the server here.
        self._listen = f"unix:{self.folder}/server.sock"

    def close(self):
        for part in (self._guest, self._device, self._server, self.network):
            if part:
                part.close()
        self._server = self._device = self._guest = None

    def log_tails(self):
        """The ends of all logs, for a case that failed."""
        lines = []
        for log in sorted(self.folder.rglob("*.log"), key=lambda log: log.stat().st_mtime):
            tail = log.read_text(errors="replace").splitlines()[-5:]
            lines += [f"{log.stem}: {line}" for line in tail]
        return lines

    @property
    def server(self):
        if not self._server:
            self._server = Server(self.folder, ",".join([self._listen, *self._far_address()]),
                                  self.folder / "recordings", within=self._within(network.FAR))
        return self._server

    @property
    def device(self):
        if not self._device:
            server = "".join(self._far_address()) or self._listen
            self._device = Device(self.folder, server, VM, self._device_flags,
                                  within=self._within(network.NEAR))
        return self._device

    @property
    def guest(self):
        if not self._guest:
            self._guest = self._boot()
        return self._guest

    def start(self):
        """Starts what is not running yet."""
        return self.server, self.device, self.guest

    def reload_driver(self, *parameters):
        """Unloads the guest's sound driver, and loads it with these parameters."""
        result = self.guest.run(f"rmmod virtio_snd && load_driver {' '.join(parameters)}", 20)
        if result.rc != 0:
            raise GuestError(f"the driver cannot be reloaded: {result.output}")

    def await_rest(self, epochs, number=0):
        """Waits until the server has seen more epochs than these, and the last
        one is played; returns how the stream stands then."""
        stream = {}

        def at_rest():
            stream.update(self.stream(number))
            return (int(stream.get("epochs_total", 0)) > epochs
                    and stream["state"] in AT_REST)

        try:
            await_condition(at_rest, "the stream is drained", FAR_FROM_HERE, 0.02)
        except ProcessError as error:
            raise ProcessError(f"{error}: {stream.get('state', 'no such stream')}") from None
        return stream

    def await_idle(self):
        """Waits until the server has nothing more to play."""
        await_condition(lambda: self.stream().get("state", AT_REST[0]) in AT_REST,
                        "the stream is idle", FAR_FROM_HERE, 0.02)

    def replace_guest(self):
        """The VMM dies, and another one comes."""
        self.guest.kill()
        self._guest = None
        return self.guest

    def stop_server(self):
        """The server ends; another one comes when it is used."""
        self.server.close()
        self._server = None

    def replace_device(self):
        """The device dies, and another one comes. QEMU has to be told of it."""
        self.device.kill()
        self.device.wait(10)
        self.device.socket.unlink()  # or it would be taken for the new one's
        self._device = None
        return self.device

    def play(self, sound="sweep10", period=None, buffer=None):
        """Plays a sound to its end; returns a Play."""
        self.start()
        return self.playing(sound, period, buffer).finish()

    def playing(self, sound="sweep10", period=None, buffer=None, number=0):
        """Starts to play a sound on the card's PCM device of that number; returns a
        Playing."""
        options = f" --period-size={period}" if period else ""
        options += f" --buffer-size={buffer}" if buffer else ""
        made = self.sounds[sound]
        return Playing(self, made, f"aplay -q -D hw:0,{number}{made.words}{options} "
                                   f"/{made.file_name(sound)}", number)

    def paused(self, sound, count):
        """Plays a sound with so many pauses; returns a Play."""
        made = self.sounds[sound]
        return Playing(self, made, f"/guest-cycles pause /{made.file_name(sound)} {count}").finish()

    def stream(self, number=0):
        return self.server.stream(f"vms/{VM}/streams/{number}")

    def epochs(self, number=0):
        """How many epochs the server has seen; starts no server."""
        return int(self.stream(number).get("epochs_total", 0)) if self._server else 0

    def recordings(self, number=0):
        """All recordings of a stream, the newest last."""
        files = (self.folder / "recordings").rglob(f"{VM}-{number}-*.wav")
        return sorted(files, key=lambda file: file.stat().st_mtime_ns)

    def clear_recordings(self):
        """Removes those that there are, so that they need no place."""
        for file in (self.folder / "recordings").rglob("*.wav"):
            file.unlink()

    def _far_address(self):
        """The server's address on the network, if there is one."""
        return [f"{self.network.address(network.FAR)}:{PORT}"] if self.network else []

    def _within(self, host):
        return self.network.within(host) if self.network else ()

    def _boot(self):
        files = {}
        for name, sound in self.sounds.items():
            path = sound.write(self.folder, name)
            files[path.name] = path.read_bytes()
        number = next(self._numbers)
        guest = Guest(self.folder / f"guest-{number}",
                      self.device.qemu_arguments(self._pluggable), files,
                      [build_selftests(), build_programs()], self.cpus,
                      build_desktop() if self.desktop else None)
        self.boots += 1
        return guest


class Playing:
    """A program that plays in the guest."""

    def __init__(self, bench, sound, command, number=0):
        self._bench = bench
        self._sound = sound
        self._number = number  # of the PCM device
        self._guest = bench.guest
        self._epochs = bench.epochs(number)
        self._guest.start(f"play{number}", command)

    def await_running(self, timeout=15):
        """Waits until the card plays."""
        status = f"grep -q RUNNING /proc/asound/card0/pcm{self._number}p/sub0/status"
        await_condition(lambda: self._guest.run(status).rc == 0, "the card runs", timeout)

    def await_frames(self, frames, timeout=15):
        """Waits until the guest's driver has played so many frames."""
        status = f"grep hw_ptr /proc/asound/card0/pcm{self._number}p/sub0/status | tr -dc 0-9"
        await_condition(lambda: int(self._guest.run(status).output or 0) >= frames,
                        f"{frames} frames played", timeout, 0.05)

    def await_end(self):
        """Waits for the program; returns its Result."""
        return self._guest.finish(f"play{self._number}", self._sound.seconds + 20)

    def finish(self):
        """Waits for the program and for the recording's end; returns a Play."""
        return self._result(self.await_end(), self._sound.recorded())

    def _result(self, result, expected):
        bench = self._bench
        try:
            stream = bench.await_rest(self._epochs, self._number)
        except ProcessError as error:  # The play is judged by its recording all the same.
            result.output += f"\n{error}"
            stream = bench.stream(self._number)
        recordings = bench.recordings(self._number)
        recorded = wav.read(recordings[-1]) if recordings else expected[:0]
        return Play(result, stream, recorded, expected)


def busy_seconds(bench, seconds):
    """What device and server use while they play for so long: processor
    seconds each, and resident KiB each."""
    parts = (bench.device, bench.server)
    before = [part.cpu_seconds() for part in parts]
    time.sleep(seconds)
    cpu = [part.cpu_seconds() - start for part, start in zip(parts, before)]
    return cpu, [part.rss_kb() for part in parts]
