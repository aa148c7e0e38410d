"""What the threads of a process do for each packet of 10 ms. The first thread is
the device's loop; all others are gRPC's."""
import shutil
import struct
import subprocess
import time
from pathlib import Path

from harness import extra_packages

PACKETS_PER_S = 100
SHORT, LONG = 200, 1200  # packets that valgrind follows


def require_tools(listing):
    """Installs those that are missing, if that is allowed."""
    if not all(map(shutil.which, ("perf", "valgrind"))):
        extra_packages.install(listing)


def _by_thread(name, counts, pid, seconds):
    """Of {thread: count}: the loop's, and all the others'."""
    packets = PACKETS_PER_S * seconds
    loop = counts.get(pid, 0)
    return {f"{name}_loop": loop / packets,
            f"{name}_grpc": (sum(counts.values()) - loop) / packets}


def preload(library, file):
    """Words for env: the program's allocations are counted in that file."""
    return f"LD_PRELOAD={library}", f"EARSHOT_ALLOCATIONS={file}"


def allocations(file, pid, seconds):
    def read():
        return {thread: count for thread, count in struct.iter_unpack("qq", file.read_bytes())
                if thread}
    before = read()
    time.sleep(seconds)
    counts = {thread: count - before.get(thread, 0) for thread, count in read().items()}
    return _by_thread("allocations", counts, pid, seconds)


def system_calls(pid, seconds):
    """Nothing where the kernel does not let them be counted."""
    try:
        counted = subprocess.run(
            ["perf", "stat", "-x;", "-e", "raw_syscalls:sys_enter", "--per-thread", "-p", str(pid),
             "--", "sleep", str(seconds)], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return {}
    counts = {}
    for line in counted.splitlines():
        thread, count, *_ = line.split(";")
        if count.isdigit():
            counts[int(thread.rpartition("-")[2])] = int(count)
    return _by_thread("system_calls", counts, pid, seconds)


def wake_ups(pid, seconds):
    """How often they have gone to sleep."""
    def read():
        return {int(task.name): int(line.split()[1])
                for task in Path(f"/proc/{pid}/task").iterdir()
                for line in (task / "status").read_text().splitlines()
                if line.startswith("voluntary_ctxt_switches")}
    before = read()
    time.sleep(seconds)
    counts = {thread: count - before.get(thread, 0) for thread, count in read().items()}
    return _by_thread("wake_ups", counts, pid, seconds)


def _instructions(words, folder):
    log = folder / "callgrind.log"
    subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                    f"--log-file={log}", *map(str, words)], check=True,
                   stdout=subprocess.DEVNULL)
    for line in log.read_text().splitlines():
        if "Collected :" in line:
            return int(line.rpartition(":")[2])
    raise ValueError(f"{log} says no number")


def instructions(program, arguments, folder):
    """Of the path from the ring to the packet, and of bare libopus; what a start
    costs is in two runs, and not in their difference. None without valgrind."""
    if not shutil.which("valgrind"):
        return None

    def each(*more):
        short, long = (_instructions([program, *arguments, f"--packets={packets}", *more], folder)
                       for packets in (SHORT, LONG))
        return (long - short) / (LONG - SHORT)
    return each(), each("--bare")
