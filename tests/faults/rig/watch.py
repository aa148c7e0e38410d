"""Samples of a stream over time, as WatchStreams tells them."""
import threading
import time
from dataclasses import dataclass

import grpc


@dataclass
class Sample:
    time: float  # s of the monotonic clock
    server: str  # its name
    session: tuple  # what counts together
    stream: dict

    @property
    def state(self):
        return self.stream["state"].removeprefix("STREAM_STATE_")

    def number(self, *names):
        """A number of the stream, or 0 where it has none."""
        value = self.stream
        for name in names:
            value = (value or {}).get(name)
        return float(value or 0)


class Watch:
    """Watches one stream at one server, to the end of that server's process."""

    def __init__(self, server_name, server, name, interval_ms=100):
        self.samples = []
        self._server_name = server_name
        self._server = server
        self._name = name
        self._interval_ms = interval_ms
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        """To be called before the server's client is closed."""
        self._over = True

    def _run(self):
        while not self._over:
            try:
                for response in self._server.client.stream(
                        "earshot.v1.AdminService/WatchStreams", name=self._name,
                        interval_ms=self._interval_ms):
                    if self._over:
                        return
                    stream = response["stream"]
                    session = (self._server_name, id(self), stream.get("open_time"))
                    self.samples.append(
                        Sample(time.monotonic(), self._server_name, session, stream))
            except (grpc.RpcError, ValueError, LookupError, StopIteration):
                time.sleep(0.05)  # It is down, or gone for good.
