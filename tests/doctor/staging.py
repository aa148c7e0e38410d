"""What stands at the other end: real servers, and what is none."""
import contextlib
import os
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("EARSHOT_BIN", ROOT / "bazel-bin"))
PATIENCE_S = 20


class Trouble(Exception):
    """The stage cannot be set."""


@contextlib.contextmanager
def server(folder, *flags, listen="127.0.0.1:0"):
    """A real earshot-server on a port of its own; yields that and the process."""
    log = folder / "server.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [BIN / "server/earshot-server", f"--listen={listen}", "--sink=null", *flags],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield _port(process, log), process
    finally:
        process.kill()
        process.wait()


def _port(process, log):
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines():
            if "server started" in line:
                return int(line.split("listen=127.0.0.1:")[1].split()[0].split(",")[0])
        time.sleep(0.02)
    raise Trouble("the server does not start: " + log.read_text(errors="replace"))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def black_hole():
    """A port where packets get lost: the kernel drops them, as its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    held = []
    for _ in range(8):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        held.append(one)
    time.sleep(0.1)
    try:
        yield port
    finally:
        for one in [listener, *held]:
            one.close()


@contextlib.contextmanager
def _accepting(serve):
    """Calls `serve` with each connection, in a thread of its own."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(50)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def speaker(answer):
    """A server that reads once, says `answer`, and hangs up: no gRPC server."""
    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(1000)
            connection.sendall(answer)
    return _accepting(serve)


def jittery_proxy(port, most_s):
    """Hands bytes to `port` and back; what goes there is held up now and then."""
    def pump(source, sink, hold):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if hold and random.random() < 0.06:
                    time.sleep(random.uniform(most_s / 2, most_s))
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(connection):
        onward = socket.create_connection(("127.0.0.1", port))
        for one in (connection, onward):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=pump, args=(onward, connection, False), daemon=True)
        back.start()
        pump(connection, onward, True)
        back.join()
        connection.close()
        onward.close()
    return _accepting(serve)
