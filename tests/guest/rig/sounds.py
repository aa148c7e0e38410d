"""The sounds that a guest has in its root."""
from dataclasses import dataclass
from pathlib import Path

from . import wav

# By the number of channels: which of ALSA's channels a recording holds where, if
# not in ALSA's order. That is FL FR RL RR FC LFE SL SR (of seven: FL FR SL SR FC
# LFE RC), WAV's that of its mask: FL FR FC LFE RL RR RC SL SR.
MASK_ORDER = {5: (0, 1, 4, 2, 3), 6: (0, 1, 4, 5, 2, 3), 7: (0, 1, 4, 5, 6, 2, 3),
              8: (0, 1, 4, 5, 2, 3, 6, 7)}


@dataclass(frozen=True)
class Sound:
    """A sweep."""
    seconds: float
    channels: int = 2
    format: str = "S16_LE"  # as ALSA calls it
    rate: int = wav.RATE

    @property
    def raw(self):
        """Whether aplay has to be told what it is."""
        return (self.format not in wav.WAV_FORMATS or self.channels > 2
                or self.rate != wav.RATE)

    @property
    def period(self):
        """40 ms, which are whole frames at every rate."""
        return self.rate // 25

    @property
    def words(self):
        """What aplay has to be told. Without the count, it would append a period
        of silence to what ends with a period."""
        return (f" -t raw -f {self.format} -r {self.rate} -c {self.channels} "
                f"-s {round(self.rate * self.seconds)}" if self.raw else "")

    def samples(self):
        """What is played."""
        samples = wav.sweep(self.seconds, self.channels, self.rate)
        return samples // 256 * 256 if self.format in ("S8", "U8") else samples

    def recorded(self):
        """What a recording of it holds."""
        order = MASK_ORDER.get(self.channels, range(self.channels))
        return self.samples()[:, list(order)]

    def file_name(self, name):
        return f"{name}.{'raw' if self.raw else 'wav'}"

    def write(self, folder, name):
        """Writes it into a folder; returns the file."""
        path = Path(folder) / self.file_name(name)
        if self.raw:
            path.write_bytes(wav.payload(self.samples(), self.format))
        else:
            wav.write(path, self.samples(), self.format)
        return path


SOUNDS = {
    "sweep10": Sound(10),
    "sweep3": Sound(3),
    "sweep1": Sound(1),
    "s32": Sound(3, format="S32_LE"),
    "float": Sound(3, format="FLOAT_LE"),
    "mono": Sound(3, channels=1),
}
# What a device that offers more than by default is played.
WIDE_SOUNDS = {
    f"{sound.format.removesuffix('LE').strip('_').lower()}_{sound.rate}_{sound.channels}": sound
    for sound in (
        Sound(0.4, 1, "U8", 8000),
        Sound(0.4, 2, "S8", 11025),
        Sound(0.4, 3, "S16_LE", 16000),
        Sound(0.4, 4, "S24_LE", 22050),
        Sound(0.4, 5, "S20_LE", 32000),
        Sound(0.4, 2, "S16_LE", 44100),
        Sound(0.4, 6, "S32_LE", 48000),
        Sound(0.4, 8, "FLOAT_LE", 48000),
        Sound(0.4, 7, "S24_3LE", 96000),
        Sound(0.4, 2, "FLOAT64_LE", 192000),
    )
}
