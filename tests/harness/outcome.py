"""How many cases passed, failed and were skipped."""
import dataclasses


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Outcome(self.passed + other.passed, self.failed + other.failed,
                       self.skipped + other.skipped)

    def __str__(self):
        return "{} passed, {} failed, {} skipped".format(
            self.passed, self.failed, self.skipped)
