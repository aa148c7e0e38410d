"""A name server that knows one name, and does as a case wants it to."""
import collections
import select
import socket
import struct
import threading

RECURSION, AUTHORITATIVE, TRUNCATED, ANSWER, NO_SUCH_NAME = 0x0180, 0x0400, 0x0200, 0x8000, 3
ADDRESS, INTERNET = 1, 1


class NameServer:
    """Answers at port 53 of `address`, over UDP and TCP, whoever asks for
    `name`. What follows may change at any time."""

    def __init__(self, address, name):
        self.addresses = []  # that it has
        self.truncates = False  # over UDP: asks to be asked over TCP
        self.speaks = True
        self.asked = collections.Counter()  # how often, by protocol
        self._name = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = socket.create_server((address, 53))
        self._ends, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end.close()
        self._thread.join()
        for one in (self._udp, self._tcp, self._ends):
            one.close()

    def _run(self):
        while True:
            ready = select.select([self._udp, self._tcp, self._ends], [], [])[0]
            if self._ends in ready:
                return
            if self._udp in ready:
                query, peer = self._udp.recvfrom(4096)
                self.asked["udp"] += 1
                if self.speaks:
                    self._udp.sendto(self._answer(query, self.truncates), peer)
            if self._tcp in ready:
                self._serve(self._tcp.accept()[0])

    def _serve(self, connection):
        with connection, connection.makefile("rb") as queries:
            connection.settimeout(2)
            while self.speaks and (size := queries.read(2)):
                answer = self._answer(queries.read(struct.unpack(">H", size)[0]), False)
                self.asked["tcp"] += 1
                connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, query, truncated):
        number, = struct.unpack_from(">H", query)
        end = query.index(b"\0", 12) + 5
        kind, = struct.unpack_from(">H", query, end - 4)
        known = query[12:end - 5].lower() == self._name
        found = self.addresses if known and kind == ADDRESS and not truncated else []
        flags = (ANSWER | AUTHORITATIVE | RECURSION | truncated * TRUNCATED
                 | (not known) * NO_SUCH_NAME)
        # Each is of the name in the question, and not to be kept.
        records = b"".join(struct.pack(">HHHIH", 0xc00c, ADDRESS, INTERNET, 0, 4)
                           + socket.inet_aton(one) for one in found)
        return struct.pack(">6H", number, flags, 1, len(found), 0, 0) + query[12:end] + records
