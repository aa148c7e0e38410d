"""The table of figures: each beside what it is held against."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A line of the table: the `key` of a RESULT line, and what it should be.
    `floor` says what stands beside it."""
    text: str
    name: str
    key: str
    unit: str = ""
    floor: str = ""
    most: float | None = None
    least: float | None = None

    def target(self):
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""

    def met(self, value):
        if self.target() == "":
            return ""
        within = value <= self.most if self.most is not None else value >= self.least
        return "yes" if within else "no"


HEAD = ("figure", "measured", "from..to", "held against", "target", "met")


def rows(figures, results):
    """Those that were measured, as lists of words, below the head."""
    yield list(HEAD)
    for figure in figures:
        value = results.number(figure.name, figure.key)
        if value is None:
            continue
        low, high = (results.number(figure.name, f"{figure.key}_{end}") for end in ("min", "max"))
        spread = "" if low is None or high is None else f"{low:.3g}..{high:.3g}"
        yield [figure.text, f"{value:.3g} {figure.unit}".strip(), spread, figure.floor,
               figure.target(), figure.met(value)]


def compared(subjects, columns, results):
    """One row for each subject, {RESULT name: text}, with its value of each of the
    columns, {key: text}; the first row has the texts."""
    there = [name for name in subjects if results.names(name)]
    if there:
        yield ["", *columns.values()]
    for name in there:
        values = [results.number(name, key) for key in columns]
        yield [subjects[name], *("" if value is None else f"{value:.3g}" if value < 100
                                 else f"{value:.0f}" for value in values)]


def plain(table):
    """For a terminal; the first row is the head."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip()
                     for row in table)


def markdown(table):
    """Likewise."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "| --- " * len(table[0]) + "|")
    return "\n".join(lines)
