"""RESULT lines: `RESULT NAME key=value ...`."""


class Results:
    """Those of a run, by name; the last of a name counts."""

    def __init__(self, lines=()):
        self.lines = []
        self._values = {}
        for line in lines:
            self.add(line)

    def add(self, line):
        """Takes a line, if it is one; says so."""
        words = line.split()
        if len(words) < 2 or words[0] != "RESULT":
            return False
        self.lines.append(line.rstrip("\n"))
        self._values[words[1]] = dict(word.split("=", 1) for word in words[2:] if "=" in word)
        return True

    def names(self, prefix):
        """What follows the prefix in the names that begin so."""
        return [name.removeprefix(prefix) for name in self._values if name.startswith(prefix)]

    def text(self, name, key):
        """The value, or None."""
        return self._values.get(name, {}).get(key)

    def number(self, name, key):
        """The value, or None where there is none, or no number."""
        try:
            return float(self.text(name, key))
        except (TypeError, ValueError):
            return None
