"""Which numbered frames (feeder/numbered_pcm.h) recordings hold."""
from dataclasses import dataclass, field

import numpy

CHUNK = 65536
SURE = 32  # as many numbers in a row are no accident


@dataclass
class Heard:
    """What all recordings of one sound hold, in frames."""
    frames: int = 0  # in the files
    unique: int = 0  # different ones, unaltered
    duplicates: int = 0  # played more than once
    altered: int = 0  # whose number cannot be read: faded at a seam
    runs: list = field(default_factory=list)  # (first, count) as recorded

    def missing(self, fed):
        """How many of `fed` frames were not played. A faded one was."""
        return fed - self.unique - self.altered


def read(path):
    """The samples of a 16-bit stereo WAV file, to the end of the file: what a
    killed server's header says is up to a second old."""
    content = path.read_bytes()
    at = content.find(b"data", 12)
    if at < 0:
        return numpy.zeros((0, 2), numpy.int16)
    content = content[at + 8:]
    return numpy.frombuffer(content[:len(content) // 4 * 4], "<i2").reshape(-1, 2)


def numbers(samples):
    """The number that each frame holds, or claims to."""
    left = samples[:, 0].astype(numpy.uint16).astype(numpy.int64)
    right = samples[:, 1].astype(numpy.uint16).astype(numpy.int64)
    return (right - 1) * CHUNK + left


def sound(count):
    """The numbered sound, as the feeder plays it."""
    frame = numpy.arange(count)
    return numpy.stack([frame % CHUNK, frame // CHUNK + 1], axis=1).astype(numpy.uint16).view(
        numpy.int16)


def hear(recordings, fed):
    """What the recordings, arrays of samples in the order of time, hold."""
    heard = Heard()
    for samples in recordings:
        heard.frames += len(samples)
        heard.runs += _runs(numbers(samples), fed)
    sure = sum(count for _, count in heard.runs)
    end = 0
    for first, count in sorted(heard.runs):
        heard.unique += max(0, first + count - max(first, end))
        end = max(end, first + count)
    heard.duplicates = sure - heard.unique
    heard.altered = heard.frames - sure
    return heard


def _runs(found, fed):
    if not len(found):
        return []
    starts = numpy.concatenate([[0], numpy.flatnonzero(numpy.diff(found) != 1) + 1])
    counts = numpy.diff(numpy.concatenate([starts, [len(found)]]))
    # The sound's last frames may be few; in the middle few are an accident.
    return [(int(found[start]), int(count)) for start, count in zip(starts, counts)
            if 0 <= found[start] and found[start] + count <= fed
            and (count >= SURE or found[start] + count == fed)]
