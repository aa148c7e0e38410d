"""What contestants share: a folder, processes that end with it, a sound server."""
import itertools
import os
import subprocess
import time
from pathlib import Path

from rig import steady
from rig.processes import BIN, Process, ProcessError, await_condition

TOOLS = BIN / "tests/benchmark/latency"
# A null sink that nobody listens to renders so much in one go, and asks nobody
# for sound until that time is over.
NULL_SINK_BLOCK_S = 2
# Each impulse comes at another time than another contestant's.
_seeds = itertools.count(1)
_ports = itertools.count(51704)


class SoundServer:
    """A PulseAudio of our own, without a card; sinks are added by name."""

    def __init__(self, stage, name):
        home = stage.folder / name
        (home / "run").mkdir(parents=True, mode=0o700)
        self.environment = {"HOME": home, "XDG_RUNTIME_DIR": home / "run",
                            "PULSE_SERVER": f"unix:{home}/socket"}
        self._stage = stage
        process = stage.spawn(
            name, ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no",
                   "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no",
                   "--high-priority=no", "-L",
                   f"module-native-protocol-unix auth-anonymous=1 socket={home}/socket"],
            {key: value for key, value in self.environment.items() if key != "PULSE_SERVER"})
        await_condition(lambda: self._pactl("info").returncode == 0, f"{name} answers")
        steady.steady_again(steady.AUDIO, process.pid)

    def load(self, module, **arguments):
        """Loads a module."""
        done = self._pactl("load-module", module,
                           *(f"{key}={value}" for key, value in arguments.items()))
        if done.returncode:
            raise ProcessError(f"{module}: {done.stderr.strip()}")

    def open_port(self):
        """Listens to TCP, too; returns where."""
        port = next(_ports)
        self.load("module-native-protocol-tcp", listen="127.0.0.1", port=port,
                  **{"auth-anonymous": 1})
        return f"tcp:127.0.0.1:{port}"

    def add_null_sink(self, name):
        self.load("module-null-sink", sink_name=name, rate=48000, channels=2, format="float32le")

    def _pactl(self, *words):
        return subprocess.run(["pactl", *words], check=False, text=True, capture_output=True,
                              env={**os.environ, **_words(self.environment)})


class Stage:
    """Where a run takes place. `hall` is the sound server in which every
    contestant's sound ends, each in a null sink of its name."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._processes = []
        self.chains = {}  # of contestants that tell how they do
        self.hall = SoundServer(self, "hall")

    def spawn(self, name, command, environment=None):
        """Starts a program that ends with the stage; its output goes to NAME.log."""
        words = [f"{key}={value}" for key, value in _words(environment or {}).items()]
        process = Process("/usr/bin/env", [*words, *map(str, command)], self.log(name))
        self._processes.append((name, process))
        return process

    def log(self, name):
        return self.folder / f"{name}.log"

    def port(self):
        """One that nobody else takes."""
        return next(_ports)

    def cpu_seconds(self, name):
        """What a contestant's programs have used, but for the one that has the
        impulses."""
        return sum(process.cpu_seconds() for its, process in self._processes
                   if its.partition(".")[0] == name and its != f"{name}.source")

    def fifo(self, name):
        path = self.folder / f"{name}.fifo"
        os.mkfifo(path)
        return path

    def play_into_pulse(self, name, server, sink, buffer_ms):
        """Starts a program that plays impulses into a sink."""
        self.spawn(f"{name}.source", [TOOLS / "pulse_source", sink, buffer_ms, next(_seeds)],
                   server.environment)

    def play_into_fifo(self, name, fifo):
        """Starts a program that writes impulses into a FIFO."""
        self.spawn(f"{name}.source", [TOOLS / "pipe_source", fifo, next(_seeds)])

    def play_as_guest(self, name, socket, period_frames, buffer_frames):
        """Starts a guest that plays impulses."""
        self.spawn(f"{name}.source", [TOOLS / "guest_source", socket, period_frames,
                                      buffer_frames, next(_seeds)])

    def listen(self, fragment_ms, names):
        """Starts to listen to the sinks of these names."""
        self.spawn("recorder", [TOOLS / "monitor_recorder", fragment_ms, *names],
                   self.hall.environment)
        await_condition(lambda: self.log("recorder").read_text().count("listening ") == len(names),
                        "the recorder listens")
        time.sleep(NULL_SINK_BLOCK_S)

    def alive(self):
        """Raises if a process has ended."""
        for name, process in self._processes:
            try:
                process.require()
            except ProcessError as error:
                raise ProcessError(f"{name}: {error}") from error
        return True

    def go_on(self, seconds):
        """Waits so long; raises as soon as a process ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.alive()
            for chain in self.chains.values():
                chain.sample()
            time.sleep(min(1, max(0, end - time.monotonic())))

    def close(self):
        for chain in self.chains.values():
            chain.close()
        for _, process in reversed(self._processes):
            process.close()
        self._processes = []


def _words(environment):
    return {key: str(value) for key, value in environment.items()}
