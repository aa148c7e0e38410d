"""Commands that end with us, and that a busy machine does not disturb."""
import os
import subprocess

# Real-time priorities. What answers the guest comes before the guest: a
# processor of an emulated guest that is busy would keep it away for a whole
# slice of 100 ms, which ALSA takes for a dead card.
GUEST = 10
WATCHER = 15
AUDIO = 20

_real_time = False


def run_steadily():
    """Gives all that is started from now on real-time priority, if that is
    allowed: then what else the machine does hardly shows. A ring of 10 ms and
    an emulated guest on a busy machine would show nothing else."""
    global _real_time
    _real_time = subprocess.run(
        ["chrt", "--rr", str(AUDIO), "true"], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    return _real_time


def watch_steadily():
    """Gives this process real-time priority, too, where run_steadily() may: it
    stamps what it sees. For what has no other threads yet."""
    if _real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(WATCHER))


def steady_again(priority, pid):
    """Gives a process its priority back that has given it away at its start, as
    PulseAudio does."""
    if _real_time:
        subprocess.run(["chrt", "--rr", "--all-tasks", "--pid", str(priority), str(pid)],
                       check=True)


def tied_to_us(priority, command):
    """`command`, so that it ends when we do, however that comes."""
    steady = ["chrt", "--rr", str(priority)] if _real_time else []
    return [*steady, "setpriv", "--pdeathsig", "KILL", *map(str, command)]
