"""As much of HTTP/2 as a flood needs: bytes, not a library that obeys."""
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
ACK, END_HEADERS = 1, 4
# Nobody of this machine who is honest comes from there.
HOSTILE = "127.0.0.66"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _field(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call_headers(stream, path=b"/earshot.v1.PlaybackService/Play"):
    """Begins a call."""
    return frame(HEADERS, END_HEADERS, stream, b"".join(_field(*pair) for pair in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"flood"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers"))))


def _delimited(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def message(content):
    """A gRPC message."""
    return b"\0" + struct.pack(">I", len(content)) + content


def open_message(name):
    """PlayRequest{open{stream}}."""
    return message(_delimited(1, _delimited(1, name.encode())))


def ping_message(number):
    """PlayRequest{ping{id}}, with an id of one byte."""
    return message(_delimited(9, bytes([8, number & 0x7f])))


def connect(address, source=HOSTILE, timeout=5):
    """A connection to (host, port), from another address of this machine."""
    connection = socket.socket()
    connection.settimeout(timeout)
    connection.bind((source, 0))
    connection.connect(address)
    return connection


def greet(connection):
    """HTTP/2's first words."""
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0) +
                       frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30)))


def take_in(connection):
    """Throws away what the server says; False once it has closed."""
    connection.setblocking(False)
    try:
        while True:
            if not connection.recv(1 << 16):
                return False
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(5)
