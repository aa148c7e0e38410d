"""Test sounds, and how a recording compares with what was played."""
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy

RATE = 48000
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
# ALSA's format → tag, bytes.
WAV_FORMATS = {"S16_LE": (PCM, 2), "S32_LE": (PCM, 4), "FLOAT_LE": (FLOAT, 4)}


def sweep(seconds, channels=2, rate=RATE):
    """A logarithmic sweep of S16 samples, rising in the first channel and falling
    in the second, and each in the others, later: any two places of it differ.
    Shape (frames, channels)."""
    count = round(rate * seconds)
    time = numpy.arange(count) / rate
    low, high = 60.0, rate / 4
    growth = numpy.log(high / low)
    rising = numpy.sin(2 * numpy.pi * low * seconds / growth * numpy.expm1(time / seconds * growth))
    columns = [numpy.roll((rising, rising[::-1])[number % 2], number // 2 * count // 8)
               for number in range(channels)]
    return numpy.rint(numpy.stack(columns, axis=1) * 0.5 * 32767).astype(numpy.int16)


def header(tag, width, channels, size, rate=RATE):
    """The 44 bytes before `size` bytes of samples, `width` bytes each."""
    return (b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, tag, channels, rate, rate * channels * width,
                        channels * width, 8 * width) + b"data" + struct.pack("<I", size))


def payload(samples, sample_format):
    """S16 samples in one of ALSA's formats, of the same value; 8 bits are the
    upper ones."""
    wide = samples.astype("<i4")
    if sample_format.startswith("S24_3"):
        return (wide * 256).view(numpy.uint8).reshape(-1, 4)[:, :3].tobytes()
    if sample_format.startswith("S20_3"):
        return (wide * 16).view(numpy.uint8).reshape(-1, 4)[:, :3].tobytes()
    made = {
        "S8": lambda: (wide >> 8).astype("<i1"),
        "U8": lambda: ((wide >> 8) + 128).astype("<u1"),
        "S16_LE": lambda: samples.astype("<i2"),
        "U16_LE": lambda: (wide + 32768).astype("<u2"),
        "S20_LE": lambda: wide * 16,
        "S24_LE": lambda: wide * 256,
        "S32_LE": lambda: wide * 65536,
        "FLOAT_LE": lambda: (samples / 32768.0).astype("<f4"),
        "FLOAT64_LE": lambda: (samples / 32768.0).astype("<f8"),
    }
    return made[sample_format]().tobytes()


def write(path, samples, sample_format="S16_LE"):
    """Writes S16 samples in one of ALSA's formats that WAV has, of the same value."""
    tag, width = WAV_FORMATS[sample_format]
    data = payload(samples, sample_format)
    Path(path).write_bytes(header(tag, width, samples.shape[1], len(data)) + data)


def read(path):
    """The samples of a WAV or RF64 file as S16, of shape (frames, channels)."""
    form, data = _parts(path)
    if data is None:
        raise ValueError(f"{path} has no sound")
    return _to_s16(data, form)


def rate(path):
    """The frames per second of a WAV or RF64 file."""
    return _parts(path)[0][2]


def _parts(path):
    """The fields of the format, whose tag is that of the samples, and the bytes
    of the samples or None."""
    content = Path(path).read_bytes()
    if content[:4] not in (b"RIFF", b"RF64") or content[8:12] != b"WAVE":
        raise ValueError(f"{path} is no WAV file")
    at, form, long_size = 12, None, 0
    while at + 8 <= len(content):
        name, size = content[at:at + 4], struct.unpack_from("<I", content, at + 4)[0]
        if name == b"ds64":
            long_size = struct.unpack_from("<Q", content, at + 16)[0]
        elif name == b"fmt ":
            form = struct.unpack_from("<HHIIHH", content, at + 8)
            if form[0] == EXTENSIBLE:
                form = struct.unpack_from("<H", content, at + 32) + form[1:]
        elif name == b"data":
            if size == 0xFFFFFFFF:
                size = long_size
            return form, content[at + 8:at + 8 + size]
        at += 8 + size + size % 2
    return form, None


def _to_s16(data, form):
    tag, channels, _, _, block, bits = form
    data = data[:len(data) // block * block]
    if (tag, bits) == (PCM, 16):
        samples = numpy.frombuffer(data, "<i2")
    elif (tag, bits) == (PCM, 32):
        samples = numpy.frombuffer(data, "<i4") >> 16
    elif (tag, bits) == (FLOAT, 32):
        samples = numpy.frombuffer(data, "<f4").astype(float)
        samples = numpy.clip(numpy.rint(samples * 32768), -32768, 32767)
    else:
        raise ValueError(f"WAV of format {tag} with {bits} bits")
    return samples.reshape(-1, channels).astype(numpy.int16)


@dataclass
class Comparison:
    """How a recording differs from what was played."""
    expected: int  # frames
    played: int  # frames of the recording
    wrong: int  # frames that differ, among those that both have
    alignment: int  # frames by which the recording lags
    snr_db: float  # of the frames that both have, at that alignment

    @property
    def exact(self):
        return self.played == self.expected and self.wrong == 0


def compare(expected, recorded):
    """Compares a whole recording with what was played."""
    common = min(len(expected), len(recorded))
    wrong = 0
    if common:
        wrong = int((expected[:common] != recorded[:common]).any(axis=1).sum())
    alignment = _alignment(expected, recorded) if wrong else 0
    return Comparison(len(expected), len(recorded), wrong, alignment,
                      _snr_db(expected, recorded, alignment))


def find(expected, recorded, reach=60 * RATE):
    """Where in a recording a sound begins that may be anywhere within `reach`
    frames, or None. Its first second decides."""
    needle = expected[:RATE, 0].astype(float)
    hay = recorded[:reach, 0].astype(float)
    size = 1 << (len(needle) + len(hay)).bit_length()
    match = numpy.fft.irfft(numpy.fft.rfft(hay, size) * numpy.conj(numpy.fft.rfft(needle, size)),
                            size)
    at = int(numpy.argmax(match[:len(hay)])) if len(hay) else 0
    found = recorded[at:at + len(needle)]
    return at if len(found) and (found == expected[:len(found)]).all(axis=1).mean() > 0.9 else None


def tail_mismatch(expected, recorded):
    """For a recording of the end of `expected`: how many frames from its own
    start on are in doubt, because one of them differs."""
    tail = expected[len(expected) - len(recorded):]
    wrong = numpy.flatnonzero((tail != recorded).any(axis=1))
    return int(wrong[-1]) + 1 if len(wrong) else 0


def _alignment(expected, recorded, reach=9600):
    """The lag, within `reach` frames, at which the two match best."""
    a = expected[:, 0].astype(float)
    b = recorded[:, 0].astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    match = numpy.fft.irfft(numpy.fft.rfft(b, size) * numpy.conj(numpy.fft.rfft(a, size)), size)
    lags = numpy.concatenate([match[-reach:], match[:reach + 1]])
    return int(numpy.argmax(lags)) - reach


def _snr_db(expected, recorded, alignment):
    if alignment >= 0:
        recorded = recorded[alignment:]
    else:
        expected = expected[-alignment:]
    common = min(len(expected), len(recorded))
    signal = expected[:common].astype(float)
    noise = signal - recorded[:common]
    if not common or not signal.any():
        return 0.0
    if not noise.any():
        return float("inf")
    return float(10 * numpy.log10((signal**2).sum() / (noise**2).sum()))
