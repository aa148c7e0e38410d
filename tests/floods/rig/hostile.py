"""Floods, each a function of the server's address, how long, and `count`, a
function that counts what was done."""
import os
import random
import struct
import time

from . import http2


def _until(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield end - time.monotonic()


def _close(connections):
    for connection in connections:
        connection.close()


def half_open(address, seconds, count, connections=1000):
    """Connections that say nothing."""
    held = []
    for _ in range(connections):
        held.append(http2.connect(address))
        count("connections")
    for _ in _until(seconds):
        time.sleep(0.1)
    _close(held)


def slow_handshakes(address, seconds, count, connections=500):
    """A byte now and then: of a ClientHello where there is TLS, else of the
    words that begin HTTP/2."""
    held = [http2.connect(address) for _ in range(connections)]
    count("connections", len(held))
    # The first record of TLS that is announced to be long.
    words = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(480)
    for turn, _ in enumerate(_until(seconds)):
        for at, connection in enumerate(held):
            # Half of them speak HTTP/2.
            said = http2.PREFACE if at % 2 else words
            try:
                connection.sendall(said[turn % len(said):][:1])
                count("bytes")
            except OSError:
                pass
        time.sleep(0.5)
    _close(held)


def opens(address, seconds, count, per_second=10000, connections=20):
    """Calls that say Open, so many a second."""
    began = time.monotonic()
    done = 0
    ends = [None] * connections
    at = 0
    for _ in _until(seconds):
        behind = int((time.monotonic() - began) * per_second) - done
        if behind <= 0:
            time.sleep(0.001)
            continue
        at = (at + 1) % connections
        if ends[at] is None or ends[at][1] > 1 << 20:
            connection = http2.connect(address)
            http2.greet(connection)
            ends[at] = [connection, 1]
            count("connections")
        end = ends[at]
        batch = min(behind, 50)
        words = b"".join(
            http2.call_headers(stream) + http2.frame(http2.DATA, 0, stream, http2.open_message(
                f"vms/flood{done + i}/streams/0"))
            for i, stream in enumerate(range(end[1], end[1] + 2 * batch, 2)))
        end[1] += 2 * batch
        done += batch
        try:
            end[0].sendall(words)
            count("opens", batch)
            if not http2.take_in(end[0]):
                raise OSError("closed")
        except OSError:
            count("closed")
            end[0].close()
            ends[at] = None
    _close(end[0] for end in ends if end)


def rapid_reset(address, seconds, count, per_second=10000):
    """Calls that are cancelled as soon as they are begun."""
    began = time.monotonic()
    done = 0
    connection = None
    for _ in _until(seconds):
        behind = int((time.monotonic() - began) * per_second) - done
        if behind <= 0:
            time.sleep(0.001)
            continue
        if connection is None:
            connection = http2.connect(address)
            http2.greet(connection)
            stream = 1
        batch = min(behind, 50)
        words = b""
        for _ in range(batch):
            words += http2.call_headers(stream) + http2.frame(
                http2.RST_STREAM, 0, stream, struct.pack(">I", 8))
            stream += 2
        done += batch
        try:
            connection.sendall(words)
            count("resets", batch)
            if not http2.take_in(connection):
                raise OSError("closed")
        except OSError:
            count("closed")
            connection.close()
            connection = None
    if connection:
        connection.close()


def _malformed(number):
    """Bytes that are wrong, each in its own way."""
    settings = http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0)
    call = settings + http2.call_headers(1)
    return (
        os.urandom(2048),
        b"GET / HTTP/1.1\r\nHost: flood\r\n\r\n",
        settings + b"\xff\xff\xff" + bytes([http2.DATA, 0, 0, 0, 0, 1]) + bytes(65536),
        settings + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, os.urandom(400)),
        settings + http2.frame(http2.HEADERS, 0, 1, b"\0\x01a\x7f" + bytes(100)) +
        b"".join(http2.frame(http2.CONTINUATION, 0, 1, bytes(16000)) for _ in range(20)),
        settings + b"".join(http2.frame(http2.PING, 0, 0, bytes(8)) for _ in range(2000)),
        settings + b"".join(http2.frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 3, i))
                            for i in range(2000)),
        call + http2.frame(http2.DATA, 0, 1, b"\0\x7f\xff\xff\xff" + bytes(16000)),
        call + http2.frame(http2.DATA, 0, 1, http2.message(os.urandom(1000))),
        call + b"".join(http2.frame(http2.DATA, 0, 1, part) for part in (
            b"\0" + struct.pack(">I", 200000), *[bytes(16000)] * 12, bytes(8000))),
        call + b"".join(http2.frame(http2.DATA, 0, 1, b"") for _ in range(2000)),
        call + http2.frame(http2.WINDOW_UPDATE, 0, 1, struct.pack(">I", 0x7fffffff)) * 2,
    )[number % 12]


def malformed(address, seconds, count):
    """What is no HTTP/2, no gRPC, no message, or too much of it."""
    random.seed(1)
    for number, _ in enumerate(_until(seconds)):
        try:
            connection = http2.connect(address)
            connection.sendall(_malformed(number))
            time.sleep(0.005)
            http2.take_in(connection)
            connection.close()
        except OSError:
            count("closed")
        count("attempts")


def never_reads(address, seconds, count, connections=4):
    """Streams whose clients ask for answers without end, and read none."""
    held = []
    for number in range(connections):
        connection = http2.connect(address)
        connection.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0))
        connection.sendall(http2.call_headers(1) + http2.frame(
            http2.DATA, 0, 1, http2.open_message(f"vms/deaf{number}/streams/0")))
        held.append(connection)
    for turn, _ in enumerate(_until(seconds)):
        for connection in held:
            try:
                connection.sendall(http2.frame(http2.DATA, 0, 1, http2.ping_message(turn)) * 5)
                count("pings", 5)
            except OSError:
                count("closed")
        # As many messages as one call may say.
        time.sleep(0.006)
    _close(held)


# Who has begun too many calls is refused for a while: so that comes last.
FLOODS = (half_open, slow_handshakes, malformed, never_reads, opens, rapid_reset)
# Those for which it makes a difference whether the server speaks TLS.
WITH_TLS = (half_open, slow_handshakes, malformed)
