"""Commands that end with us, and that a busy machine does not disturb."""
import contextlib
import os
import subprocess

# Real-time priorities. What answers the guest comes before the guest: a
# processor of an emulated guest that is busy would keep it away for a whole
# slice of 100 ms, which ALSA takes for a dead card.
GUEST = 10
# QEMU's main loop, which hands the guest its interrupts and its time: emulated
# processors of the same priority would keep it waiting for a slice each.
GUEST_LOOP = 11
WATCHER = 15
AUDIO = 20
# Before all that is not real-time. A program that starts uses a processor for
# longer than others' rings last, which those of one priority have to wait for.
ALMOST = 0

_real_time = False


def run_steadily():
    """Gives all that is started from now on real-time priority, if that is
    allowed: then what else the machine does hardly shows. A ring of 10 ms and
    an emulated guest on a busy machine would show nothing else."""
    global _real_time
    _real_time = bool(at_priority(AUDIO))
    return _real_time


def at_priority(priority):
    """Words that run the command after them at a real-time priority; none where
    that is not allowed."""
    words = ["chrt", "--rr", str(priority)]
    tried = subprocess.run([*words, "true"], stderr=subprocess.DEVNULL, check=False)
    return words if tried.returncode == 0 else []


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


def raise_main_thread(priority, pid):
    """Gives real-time priority to the first thread of a process alone."""
    if _real_time:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(priority))


def raise_priority(priority, pid):
    """Gives a process that was started with ALMOST real-time priority."""
    if not _real_time:
        return
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):  # It has ended.
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(priority))


def tied_to_us(priority, command):
    """`command`, so that it ends when we do, however that comes."""
    if not _real_time:
        steady = []
    elif priority == ALMOST:
        steady = ["chrt", "--other", "0", "nice", "-n", "-19"]
    else:
        steady = ["chrt", "--rr", str(priority)]
    return [*steady, "setpriv", "--pdeathsig", "KILL", *map(str, command)]
