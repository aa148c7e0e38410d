"""Whether the machine stood still: a processor that its own host did not run, or
that ran something before all real-time work. ALSA gives a card up that did
nothing for 100 ms, so what a guest plays ends then, whoever kept it waiting.

A watcher on each processor, before all else that the rig runs, sleeps for a
moment again and again, and says when it woke late."""
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from guest.rig import steady

STEP_S = 0.005
SAID_S = 0.005  # what is shorter is what any machine does now and then
HEARD_S = 0.1  # until what a watcher says has come here
PRIORITY = steady.AUDIO + 1


@dataclass(frozen=True)
class Standstill:
    """Of one processor; `end` by the monotonic clock."""
    end: float
    seconds: float
    cpu: int


class StandstillWatch:
    """Watches all processors that we may use until it is closed."""

    def __init__(self):
        self._seen = []
        self._watchers = {}
        for cpu in sorted(os.sched_getaffinity(0)):
            process = subprocess.Popen(
                steady.tied_to_us(PRIORITY, [sys.executable, "-m", "guest.rig.standstill", cpu]),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                start_new_session=True)
            threading.Thread(target=self._listen, args=(cpu, process.stdout), daemon=True).start()
            self._watchers[cpu] = process

    def longest_since(self, moment):
        """The longest that ended after `moment`, or None."""
        time.sleep(HEARD_S)
        if any(process.poll() is not None for process in self._watchers.values()):
            raise RuntimeError("a watcher has ended: nobody would see a standstill")
        return max((one for one in list(self._seen) if one.end > moment),
                   key=lambda one: one.seconds, default=None)

    def watcher(self, cpu):
        """The process that watches it."""
        return self._watchers[cpu]

    def close(self):
        for process in self._watchers.values():
            process.kill()
            process.wait()

    def _listen(self, cpu, lines):
        for line in lines:
            end, seconds = map(float, line.split())
            self._seen.append(Standstill(end, seconds, cpu))


def watch(cpu):
    """Says so whenever the processor comes late."""
    os.sched_setaffinity(0, {cpu})
    last = time.monotonic()
    while True:
        time.sleep(STEP_S)
        now = time.monotonic()
        if now - last - STEP_S > SAID_S:
            print(f"{now:.4f} {now - last - STEP_S:.4f}", flush=True)
        last = now


if __name__ == "__main__":
    watch(int(sys.argv[1]))
