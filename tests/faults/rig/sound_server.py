"""A sound server of our own: PulseAudio with a null sink, without a card."""
from guest.rig.processes import Process, await_condition


class SoundServer:
    """Runs in `folder`; programs find it by `environment`."""

    def __init__(self, folder):
        folder.mkdir()
        self._folder = folder
        self._socket = folder / "socket"
        self.environment = [f"PULSE_SERVER=unix:{self._socket}", f"HOME={folder}"]
        self._process = None
        self.start()

    def start(self):
        self._process = Process("/usr/bin/env", [
            f"HOME={self._folder}", f"XDG_RUNTIME_DIR={self._folder}", "pulseaudio", "-n",
            "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes",
            "--realtime=no", "--high-priority=no",
            "-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}",
            "-L", "module-null-sink sink_name=speaker rate=48000 channels=2"],
            self._folder / "pulseaudio.log")
        await_condition(lambda: self._process.require() and self._socket.exists(),
                        "PulseAudio listens")

    def close(self):
        self._process.close()
        self._socket.unlink(missing_ok=True)
