"""A guest's sound card: QEMU's own, and Earshot's, at the same work. Each plays
one sweep, in a guest that has just started, into a WAV file."""
import time
from contextlib import closing

from guest.rig import wav
from guest.rig.bench import Bench
from guest.rig.guest import Guest
from guest.rig.sounds import Sound

CARDS = ("guest_qemu", "guest_earshot_pcm", "guest_earshot_opus")
TICKS = 100  # of /proc/PID/stat in a second
HEAD_S = 2  # of the play, before it counts


def play(name, folder, arguments):
    """What the play took beyond the idle guest, and what is in the file."""
    sound = Sound(arguments.seconds + 2 * HEAD_S)
    _, maker, *codec = name.split("_")
    card = Earshot(folder, sound, *codec) if maker == "earshot" else Qemu(folder, sound)
    with closing(card):
        time.sleep(arguments.settle / 3)
        idle = percent(card, arguments.seconds)
        card.start()
        time.sleep(HEAD_S)
        playing = percent(card, arguments.seconds)
        heard = card.finish()
    return {"cpu_percent": playing - idle, "idle_percent": idle,
            "lost_frames": round(sound.seconds * sound.rate) - heard}


def percent(card, seconds):
    """Of one processor, in so many seconds from now."""
    began, used = time.monotonic(), card.cpu_seconds()
    time.sleep(seconds)
    return 100 * (card.cpu_seconds() - used) / (time.monotonic() - began)


def guest_seconds(guest):
    with open(f"/proc/{guest.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Qemu:
    """virtio-sound-pci, mixed at 48 kHz and written by QEMU itself."""

    def __init__(self, folder, sound):
        folder.mkdir()
        self._file = folder / "qemu.wav"
        self._sound = sound
        path = sound.write(folder, "sweep")
        self._guest = Guest(folder / "guest", [
            "-audiodev", f"wav,id=audio,path={self._file},out.frequency=48000",
            "-device", "virtio-sound-pci,audiodev=audio,streams=1"],
            {path.name: path.read_bytes()})

    def cpu_seconds(self):
        return guest_seconds(self._guest)

    def start(self):
        self._guest.start("play", "aplay -q -D hw:0,0 /sweep.wav")

    def finish(self):
        """Returns how many frames were written."""
        self._guest.finish("play", self._sound.seconds + 20)
        self._guest.close()  # It says how long its file is when it ends.
        expected, recorded = self._sound.samples(), wav.read(self._file)
        at = wav.find(expected, recorded)
        return 0 if at is None else min(len(expected), len(recorded) - at)

    def close(self):
        self._guest.close()


class Earshot:
    """vhost-user-snd-pci, the device, and a server that records."""

    def __init__(self, folder, sound, codec):
        self._bench = Bench(folder, 1, codec=codec, sounds={"sweep": sound})
        self._bench.start()
        self._playing = None

    def cpu_seconds(self):
        bench = self._bench
        return guest_seconds(bench.guest) + bench.device.cpu_seconds() + bench.server.cpu_seconds()

    def start(self):
        self._playing = self._bench.playing("sweep")

    def finish(self):
        """Returns how many frames were written."""
        return len(self._playing.finish().recorded)

    def close(self):
        self._bench.close()
