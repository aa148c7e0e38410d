"""What a case is, and what it says."""
from dataclasses import dataclass
from typing import Callable

from . import wav
from .guest import GuestError
from .processes import ProcessError

CASES = []


class Failure(Exception):
    """A case found what must not be."""


ERRORS = (Failure, GuestError, ProcessError)


@dataclass
class Case:
    """`bench` names the Bench it runs on; cases in a row share one. A `long`
    one runs only if it is asked for."""
    name: str
    text: str
    bench: str
    long: bool
    run: Callable


def case(name, text, bench="pcm", long=False):
    def add(function):
        CASES.append(Case(name, text, bench, long, function))
        return function
    return add


def require(condition, what):
    if not condition:
        raise Failure(what)


def require_exact(play):
    """The recording holds exactly what the guest played."""
    found = play.comparison
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    require(found.played == found.expected,
            f"{found.played} of {found.expected} frames recorded")
    require(found.wrong == 0, f"{found.wrong} frames differ, alignment {found.alignment}")
    require(play.balanced, f"GetStream does not balance: {play.stream}")


def require_beginning(recording, expected, least=wav.RATE // 2):
    """The recording holds the beginning of what was played, at least so many
    frames; returns how many."""
    cut = wav.compare(expected, wav.read(recording))
    require(cut.played >= least, f"only {cut.played} frames recorded before it")
    require(cut.wrong == 0, f"{cut.wrong} of {cut.played} frames before it differ")
    return cut.played


def figures(play):
    """The figures of a play for a RESULT line."""
    found = play.comparison
    return {"rc": play.rc, "frames_played": found.played, "frames_expected": found.expected,
            "frames_wrong": found.wrong, "underruns": play.underruns}
