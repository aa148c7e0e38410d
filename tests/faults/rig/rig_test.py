"""That what judges the scenarios sees what it is to see."""
import unittest

from . import guest_view, recording
from .figures import complaints

RATE = guest_view.RATE


def heard(*parts, fed=10000):
    """What recordings of these (first, end) hold."""
    whole = recording.sound(20000)
    return recording.hear([whole[first:end] for first, end in parts], fed)


class RecordingTest(unittest.TestCase):
    def test_all_of_it(self):
        found = heard((0, 4000), (4000, 10000))
        self.assertEqual((found.unique, found.duplicates, found.missing(10000)), (10000, 0, 0))

    def test_a_gap_is_missing(self):
        found = heard((0, 4000), (4500, 10000))
        self.assertEqual((found.duplicates, found.missing(10000)), (0, 500))

    def test_what_is_played_twice_is_a_duplicate(self):
        found = heard((0, 4000), (3500, 10000))
        self.assertEqual((found.duplicates, found.missing(10000)), (500, 0))

    def test_a_duplicate_does_not_hide_a_gap(self):
        found = heard((0, 4000), (3500, 8000))
        self.assertEqual((found.duplicates, found.missing(10000)), (500, 2000))

    def test_a_faded_frame_was_played(self):
        whole = recording.sound(10000).copy()
        whole[4000:4240] //= 2
        found = recording.hear([whole], 10000)
        self.assertEqual((found.altered, found.duplicates, found.missing(10000)), (240, 0, 0))

    def test_numbers_go_on_beyond_16_bits(self):
        whole = recording.sound(200000)
        self.assertEqual(recording.hear([whole], 200000).runs, [(0, 200000)])

    def test_silence_is_no_frame(self):
        silence = recording.sound(480) * 0
        self.assertEqual(recording.hear([silence], 10000).unique, 0)


def view(gaps_ms, ring=1440, turn_us=5000, **ring_at):
    """What a guest with a ring of 40 ms sees whose periods come at these
    intervals, and whose ring is as `ring_at` says at some of them."""
    lines, now = [], 1_000_000_000
    for index, gap in enumerate(gaps_ms):
        now += int(gap * 1e6)
        left = ring_at.get(f"at{index}", ring)
        lines.append(f"{now},{480 * (index + 1)},1000,{left},{turn_us}")
    return guest_view.parse([*lines, f"fed,{480 * len(gaps_ms)}", "end"], 480, 1920)


class GuestViewTest(unittest.TestCase):
    def test_steady_periods_are_no_error(self):
        found = view([10] * 100)
        self.assertEqual((found.errors, found.late, found.problem), (0, 0, ""))
        self.assertLess(found.interval_figures()["interval_sd_ms"], 0.01)

    def test_no_period_for_100_ms_is_an_error(self):
        self.assertEqual(view([10] * 20 + [101] + [10] * 20).errors, 1)
        self.assertEqual(view([10] * 20 + [99] + [10] * 20).errors, 0)

    def test_an_empty_ring_is_an_error(self):
        self.assertEqual(view([10] * 40, at20=0).errors, 1)

    def test_the_ring_is_empty_at_the_end(self):
        self.assertEqual(view([10] * 40, at39=0).errors, 0)

    def test_what_the_feeder_slept_through_is_its_own(self):
        found = view([10] * 40, turn_us=30000, at20=0)
        self.assertEqual((found.errors, found.late), (0, 1))

    def test_a_feeder_that_dies_is_a_problem(self):
        self.assertTrue(guest_view.parse([], 480, 1920).problem)


class ComplaintsTest(unittest.TestCase):
    def test_bounds_hold_and_do_not(self):
        values = {"unaccounted": 0, "lost": 3}
        self.assertEqual(complaints(values, {"lost": 3}, {"lost": 3}), [])
        self.assertEqual(len(complaints(values, {"lost": 2}, {"lost": 4})), 2)

    def test_an_unknown_figure_is_no_good_figure(self):
        self.assertEqual(len(complaints({"unaccounted": 0}, {"x": 1}, {"y": 1})), 2)

    def test_what_was_declared_and_played_does_not_add_up(self):
        self.assertEqual(len(complaints({"unaccounted": -1}, {"unaccounted": 0}, {})), 1)
