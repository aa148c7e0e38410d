"""What a case is here: a function of a folder of its own, which it may fill.

It returns figures for its RESULT line, or raises Failure (`require` does) or
Skip. The ends of *.log in its folder are shown if it failed."""
from dataclasses import dataclass
from typing import Callable

from guest.rig.case import ERRORS, Failure, require

__all__ = ["CASES", "Case", "ERRORS", "Failure", "Skip", "case", "require"]

CASES = []


class Skip(Exception):
    """What a case needs is not on this machine; says what."""


@dataclass
class Case:
    name: str
    text: str
    run: Callable  # of a Path; returns {key: value} or None


def case(name, text):
    """Adds the function below it to what tests/deploy/run runs."""
    def add(function):
        CASES.append(Case(name, text, function))
        return function
    return add
