"""Test sounds, and how a recording compares with what was played."""
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy

RATE = 48000
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def sweep(seconds, channels=2):
    """A logarithmic sweep of S16 samples, rising on the left and falling on the
    right: any two places of it differ. Shape (frames, channels)."""
    count = int(RATE * seconds)
    time = numpy.arange(count) / RATE
    low, high = 60.0, 12000.0
    growth = numpy.log(high / low)
    rising = numpy.sin(2 * numpy.pi * low * seconds / growth * numpy.expm1(time / seconds * growth))
    samples = numpy.stack([rising, rising[::-1]][:channels], axis=1)
    return numpy.rint(samples * 0.5 * 32767).astype(numpy.int16)


def header(tag, width, channels, size):
    """The 44 bytes before `size` bytes of samples, `width` bytes each."""
    return (b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, tag, channels, RATE, RATE * channels * width,
                        channels * width, 8 * width) + b"data" + struct.pack("<I", size))


def write(path, samples, sample_format="S16_LE"):
    """Writes S16 samples in one of ALSA's formats, of the same value."""
    if sample_format == "S16_LE":
        tag, data = PCM, samples.astype("<i2")
    elif sample_format == "S32_LE":
        tag, data = PCM, samples.astype("<i4") * 65536
    elif sample_format == "FLOAT_LE":
        tag, data = FLOAT, (samples / 32768.0).astype("<f4")
    else:
        raise ValueError(sample_format)
    payload = data.tobytes()
    Path(path).write_bytes(header(tag, data.itemsize, samples.shape[1], len(payload)) + payload)


def read(path):
    """The samples of a WAV or RF64 file as S16, of shape (frames, channels)."""
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
            return _to_s16(content[at + 8:at + 8 + size], form)
        at += 8 + size + size % 2
    raise ValueError(f"{path} has no sound")


def _to_s16(payload, form):
    tag, channels, _, _, block, bits = form
    payload = payload[:len(payload) // block * block]
    if (tag, bits) == (PCM, 16):
        samples = numpy.frombuffer(payload, "<i2")
    elif (tag, bits) == (PCM, 32):
        samples = numpy.frombuffer(payload, "<i4") >> 16
    elif (tag, bits) == (FLOAT, 32):
        samples = numpy.frombuffer(payload, "<f4").astype(float)
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
