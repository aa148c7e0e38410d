"""Whether a machine that stands still is seen, and nothing else excused."""
import os
import signal
import time
import unittest

from .case import Failure
from .standstill import Standstill, StandstillWatch
from .trial import TRIES, Trial

HALF_RING_S = 0.04


class FakeWatch:
    """The longest standstill, or none, as the test says."""

    def __init__(self, seconds):
        self._seconds = seconds

    def longest_since(self, moment):
        return self._seconds and Standstill(moment + 1, self._seconds, 0)


class Sound:
    """Is wrong so many times."""

    def __init__(self, wrong):
        self.wrong = wrong
        self.played = 0

    def play(self):
        self.played += 1
        if self.played <= self.wrong:
            raise Failure("8640 of 48000 frames recorded")


class TrialTest(unittest.TestCase):
    def test_plays_again_what_a_standstill_spoiled(self):
        sound, trial = Sound(1), Trial(FakeWatch(0.15), HALF_RING_S)
        trial.run("reset", sound.play)
        self.assertEqual(2, sound.played)
        self.assertEqual(["reset: 8640 of 48000 frames recorded; "
                          "processor 0 stood still for 150 ms, 1.0 s into it"], trial.spoiled)

    def test_excuses_nothing_on_a_machine_that_runs(self):
        sound, trial = Sound(1), Trial(FakeWatch(None), HALF_RING_S)
        with self.assertRaisesRegex(Failure, "no processor stood still"):
            trial.run("reset", sound.play)
        self.assertEqual([], trial.spoiled)

    def test_excuses_nothing_by_what_no_ring_notices(self):
        with self.assertRaisesRegex(Failure, "stood still for 25 ms"):
            Trial(FakeWatch(0.025), HALF_RING_S).run("reset", Sound(1).play)

    def test_gives_up_on_a_sound_that_stays_wrong(self):
        sound = Sound(TRIES)
        with self.assertRaisesRegex(Failure, "stood still for 150 ms"):
            Trial(FakeWatch(0.15), HALF_RING_S).run("reset", sound.play)
        self.assertEqual(TRIES, sound.played)

    def test_lets_other_errors_through(self):
        def broken():
            raise KeyError("x")
        with self.assertRaises(KeyError):
            Trial(FakeWatch(0.15), HALF_RING_S).run("reset", broken)


class StandstillWatchTest(unittest.TestCase):
    def test_sees_a_processor_that_stands_still(self):
        watch = StandstillWatch()
        try:
            cpu = min(os.sched_getaffinity(0))
            time.sleep(0.3)  # it starts
            began = time.monotonic()
            watch.watcher(cpu).send_signal(signal.SIGSTOP)
            time.sleep(0.15)
            watch.watcher(cpu).send_signal(signal.SIGCONT)
            seen = watch.longest_since(began)
            self.assertIsNotNone(seen)
            self.assertGreater(seen.seconds, 0.12)
        finally:
            watch.close()


if __name__ == "__main__":
    unittest.main()
