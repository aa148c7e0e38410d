"""A hard limit to what processes of ours hold in memory."""
import contextlib
import os
from pathlib import Path


class MemoryLimit:
    """A cgroup of its own with that limit, swap included, of version 2, or 1,
    where there is one to be had: what goes beyond is killed by the kernel. The
    peak is that of all who are in it, page cache and kernel memory included."""

    ROOTS = (
        # Where, how its limit, that with swap, and its peak are called.
        ("/sys/fs/cgroup", "memory.max", "memory.swap.max", "memory.peak"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
         "memory.max_usage_in_bytes"),
    )

    def __init__(self, limit_kb):
        self.limit_kb = limit_kb
        self._folder = self._peak = None
        for root, limit, swap, peak in self.ROOTS:
            folder = Path(root) / f"earshot-test-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            if not (folder / limit).exists():  # no such controller
                folder.rmdir()
                continue
            (folder / limit).write_text(str(limit_kb * 1024))
            with contextlib.suppress(OSError):
                (folder / swap).write_text("0" if root == self.ROOTS[0][0]
                                           else str(limit_kb * 1024))
            self._folder, self._peak = folder, folder / peak
            return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def held(self):
        return self._folder is not None

    def within(self):
        """Words that run a program in it."""
        if not self.held:
            return []
        return ["/bin/sh", "-c", f'echo $$ >"{self._folder}/cgroup.procs" && exec "$@"', "sh"]

    def peak_kb(self):
        """What it has held at most; 0 where that is not known."""
        if not self.held or not self._peak.exists():
            return 0
        return int(self._peak.read_text()) // 1024

    def close(self):
        """For when all who were in it have ended."""
        if self.held:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
