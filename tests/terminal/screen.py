"""A terminal of so many rows and columns, with a program in it."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

PIECE = re.compile(rb"\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")


class Screen:
    """What is seen: text that wraps and scrolls, and the few commands in use."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [""] * rows
        self.row = self.column = 0

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [line[:columns] for line in (self.lines + [""] * rows)[:rows]]
        self.row = min(self.row, rows - 1)

    def feed(self, data):
        for piece in PIECE.finditer(data):
            if piece[2]:
                self._command(piece[2], int(piece[1] or 0))
            elif piece[0] == b"\r":
                self.column = 0
            elif piece[0] == b"\n":
                self._down()
            else:
                for character in piece[0].decode(errors="replace"):
                    self._put(character)

    def _command(self, letter, number):
        if letter == b"A":
            self.row = max(self.row - number, 0)
        elif letter == b"H":
            self.row = self.column = 0
        elif letter == b"J":
            if number == 2:
                self.lines = [""] * self.rows
            else:
                self.lines[self.row] = self.lines[self.row][:self.column]
                self.lines[self.row + 1:] = [""] * (self.rows - self.row - 1)
        elif letter != b"m":
            raise AssertionError(f"no terminal need know this: {letter} {number}")

    def _down(self):
        if self.row < self.rows - 1:
            self.row += 1
        else:
            self.lines = self.lines[1:] + [""]

    def _put(self, character):
        if self.column == self.columns:
            self.column = 0
            self._down()
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += 1

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


def take_terminal():
    """What a shell does for a program in the foreground; we may be in the
    background, where Ctrl-C is nothing."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """Runs in a terminal of its own; `screen` has what it shows."""

    def __init__(self, words, rows=24, columns=80):
        self.screen = Screen(rows, columns)
        self.master, self.slave = pty.openpty()
        self._set_size(rows, columns)
        self.settings = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            words, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=take_terminal)

    def _set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self._read(0.3)
        self._set_size(rows, columns)
        self.screen.resize(rows, columns)

    def _read(self, seconds):
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    self.screen.feed(os.read(self.master, 65536))

    def wait_for(self, what, fits, seconds=20):
        """Until `fits` is true of what is shown, and still is a redraw later."""
        ends = time.monotonic() + seconds
        good = 0
        while time.monotonic() < ends:
            self._read(0.2)
            good = good + 1 if fits(self.screen.text()) else 0
            if good == 3:
                return self.screen.text()
        raise AssertionError(f"not seen: {what}\n{self.screen.text()}")

    def press_ctrl_c(self):
        """Returns how it ended, as a shell says it."""
        os.write(self.master, b"\x03")
        code = self.process.wait(timeout=10)
        assert termios.tcgetattr(self.slave) == self.settings, "the terminal is left otherwise"
        return 128 - code if code < 0 else code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
