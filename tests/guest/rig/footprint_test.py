"""Whether growth shows, and only growth."""
import unittest

from .footprint import LEAST_SAMPLES, Footprints, step


class FakeProcess:
    """Holds what the test says."""

    def __init__(self):
        self.kb = self.open = self.running = 0

    def own_kb(self):
        return self.kb

    def fds(self):
        return self.open

    def threads(self):
        return self.running


def complaints(samples):
    """Of samples (kb, fds, threads)."""
    process = FakeProcess()
    prints = Footprints({"device": process})
    for process.kb, process.open, process.running in samples:
        prints.sample()
    return prints.complaints()


class FootprintTest(unittest.TestCase):
    def test_finds_nothing_in_what_stays(self):
        self.assertEqual([], complaints([(20000 + turn % 3 * 100, 30, 8) for turn in range(50)]))

    def test_forgives_what_fills_at_first(self):
        self.assertEqual([], complaints([(min(10000 + 2000 * turn, 20000), min(20 + turn, 30), 8)
                                         for turn in range(50)]))

    def test_forgives_a_single_peak(self):
        self.assertEqual([], complaints([(20000 + 9000 * (turn == 40), 30 + 5 * (turn == 45), 8)
                                         for turn in range(50)]))

    def test_finds_a_leak_of_memory(self):
        found = complaints([(20000 + 50 * turn, 30, 8) for turn in range(50)])
        self.assertEqual(1, len(found))
        self.assertIn("device's kb", found[0])

    def test_finds_a_descriptor_that_stays_now_and_then(self):
        found = complaints([(20000, 30 + turn // 12, 8) for turn in range(50)])
        self.assertEqual(1, len(found))
        self.assertIn("device's fds", found[0])

    def test_finds_threads_that_stay(self):
        self.assertIn("device's threads",
                      complaints([(20000, 30, 8 + turn // 5) for turn in range(50)])[0])

    def test_wants_enough_samples(self):
        self.assertIn("too few", complaints([(1, 1, 1)] * (LEAST_SAMPLES - 1))[0])

    def test_a_step_is_of_medians(self):
        self.assertEqual(2.0, step([0, 0, 1, 1, 9, 2, 2, 3, 3, 3]))


if __name__ == "__main__":
    unittest.main()
