"""Runs what a machine that stands still may spoil, and says whether it did."""
import time

from .case import Failure

TRIES = 3


class Trial:
    """`watch` tells of standstills; those shorter than `spoils_s`, half of the
    guest's ring, spoil nothing."""

    def __init__(self, watch, spoils_s):
        self._watch = watch
        self._spoils_s = spoils_s
        self.spoiled = []  # what failed while the machine stood still, in words

    def run(self, name, what):
        """Runs it, and again where it fails while the machine stands still; any
        other failure is raised, with what was seen of the machine."""
        for left in reversed(range(TRIES)):
            began = time.monotonic()
            try:
                return what()
            except Failure as failure:
                stood = self._watch.longest_since(began)
                seen = (f"processor {stood.cpu} stood still for {stood.seconds * 1000:.0f} ms, "
                        f"{stood.end - began:.1f} s into it" if stood
                        else "no processor stood still meanwhile")
                words = f"{name}: {failure}; {seen}"
                if not stood or stood.seconds < self._spoils_s or not left:
                    raise Failure(words) from failure
                self.spoiled.append(words)
