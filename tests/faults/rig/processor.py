"""Whether the machine kept what is tested from its processors: then what came
of it shows the machine."""
import os
import threading

INTERVAL_S = 0.05


class ProcessorWatch:
    """Watches the threads with real-time priority of the processes that `pids`
    returns. `worst_ms` is the longest that one of them, within an interval,
    could have run and had no processor."""

    def __init__(self, pids):
        self.worst_ms = 0.0
        self._pids = pids
        self._before = {}
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self):
        self._over.set()

    def _run(self):
        while not self._over.wait(INTERVAL_S):
            waited = {}
            for pid in self._pids():
                try:
                    for thread in os.listdir(f"/proc/{pid}/task"):
                        if os.sched_getscheduler(int(thread)) == os.SCHED_RR:
                            waited[thread] = self._waited_ms(pid, thread)
                except OSError:
                    continue  # It has ended.
            for thread, now in waited.items():
                self.worst_ms = max(self.worst_ms, now - self._before.get(thread, now))
            self._before = waited

    @staticmethod
    def _waited_ms(pid, thread):
        # Documentation/scheduler/sched-stats.rst: run time, wait time, slices.
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e6
