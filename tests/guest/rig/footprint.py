"""What the device and the server hold while they go through the same again and
again, and whether it grows.

The first fifth of the samples is warm-up: allocators, thread pools and caches
fill. Of the rest, the median of the last third may be above that of the first
third by so much: 512 KiB of memory, no file descriptor, and a thread or two of
gRPC's pool, which comes and goes. So the more cycles, the smaller the leak per
cycle that shows: 1 KiB from 1000 cycles on. Guests' memory, which is shared,
does not count: how much of it the device has seen is the guest's doing."""
import time

import numpy

LIMITS = {"kb": 512, "fds": 0, "threads": 2}
MEASURES = {"kb": "own_kb", "fds": "fds", "threads": "threads"}
LEAST_SAMPLES = 8  # for a verdict


def settled(values):
    return values[max(len(values) // 5, 1):]


def step(values):
    """By how much the end is above the beginning, once it has settled."""
    rest = settled(values)
    third = max(len(rest) // 3, 1)
    return float(numpy.median(rest[-third:]) - numpy.median(rest[:third]))


class Footprints:
    """Samples of processes, {name: Process}."""

    def __init__(self, processes):
        self._processes = processes
        self._began = time.monotonic()
        self.times = []  # in s
        self.columns = {(name, measure): [] for name in processes for measure in MEASURES}

    def sample(self):
        self.times.append(time.monotonic() - self._began)
        for (name, measure), column in self.columns.items():
            column.append(getattr(self._processes[name], MEASURES[measure])())

    def last(self):
        """The last sample, in words."""
        return ", ".join(f"{name} {measure} {column[-1]}"
                         for (name, measure), column in self.columns.items())

    def complaints(self):
        """What grows."""
        if len(self.times) < LEAST_SAMPLES:
            return [f"only {len(self.times)} samples: too few for a verdict"]
        return [f"{name}'s {measure} grow by {step(column):g}: {column}"
                for (name, measure), column in self.columns.items()
                if step(column) > LIMITS[measure]]

    def figures(self):
        """For a RESULT line."""
        values = {}
        for (name, measure), column in self.columns.items():
            key = f"{name}_{measure}"
            values.update({f"{key}_first": column[0], f"{key}_last": column[-1],
                           f"{key}_max": max(column)})
            if len(column) >= LEAST_SAMPLES:
                values[f"{key}_step"] = round(step(column), 1)
        return values

    def write(self, path):
        """As CSV, a row a sample."""
        names = ["time_s", *("_".join(key) for key in self.columns)]
        rows = numpy.column_stack([self.times, *self.columns.values()])
        numpy.savetxt(path, rows, "%.10g", ",", header=",".join(names), comments="")
