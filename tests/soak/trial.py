"""Runs what a machine that stands still may spoil, and says whether it did."""
import time

from guest.rig.case import Failure

# Half of the ring that the cycles play with: what is shorter spoils nothing.
SPOILS_S = 0.04
TRIES = 3


class Trial:
    """`watch` tells of standstills."""

    def __init__(self, watch):
        self._watch = watch
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
                if not stood or stood.seconds < SPOILS_S or not left:
                    raise Failure(words) from failure
                self.spoiled.append(words)
