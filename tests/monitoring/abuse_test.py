"""What is sent to the metrics' port does the programs no harm."""
import os
import random
import socket
import subprocess
import time
import unittest

from monitoring.rig import bench
from monitoring.rig.bench import BIN, Earshot, get

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(address):
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), 5)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        words = stat.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class AbuseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.earshot = Earshot(120)
        cls.addClassCleanup(cls.earshot.close)

    def addresses(self):
        return ((self.earshot.server, self.earshot.server_metrics),
                (self.earshot.device, self.earshot.device_metrics))

    def require_well(self):
        for program, address in self.addresses():
            self.assertTrue(program.alive, program.text()[-500:])
            self.assertIn("earshot_build_info", get(f"http://{address}/metrics"))
        self.assertTrue(self.earshot.guest.alive, self.earshot.guest.text()[-300:])

    def test_rubbish(self):
        dice = random.Random(5)
        for _, address in self.addresses():
            for number in range(300):
                start = REQUEST[:dice.randrange(len(REQUEST))] if number % 2 else b""
                with connect(address) as client:
                    client.sendall(start + dice.randbytes(dice.randrange(1, 20000)))
        self.require_well()

    def test_many_who_say_nothing_or_little(self):
        for program, address in self.addresses():
            before = descriptors(program.process.pid)
            clients = []
            for number in range(400):
                clients.append(connect(address))
                if number % 2:
                    clients[-1].sendall(REQUEST[:9])
            self.require_well()
            # 16 connections, whoever comes.
            self.assertLess(descriptors(program.process.pid), before + 40)
            for client in clients:
                client.close()

    def test_who_asks_and_does_not_read(self):
        clients = []
        for _, address in self.addresses():
            for _ in range(50):
                clients.append(connect(address))
                clients[-1].sendall(REQUEST * 20)
        self.require_well()
        for client in clients:
            client.close()

    def test_who_asks_without_end_costs_little(self):
        for program, address in self.addresses():
            before, began = cpu_seconds(program.process.pid), time.monotonic()
            asked = 0
            while time.monotonic() < began + 3:
                get(f"http://{address}/metrics")
                asked += 1
            used = (cpu_seconds(program.process.pid) - before) / 3
            print(f"\nRESULT monitoring.flood program={program.log.name.split('-')[1]} "
                  f"pages_per_s={asked / 3:.0f} cores={used:.2f}")
        self.require_well()


class StartTest(unittest.TestCase):
    def complain(self, *command):
        done = subprocess.run(list(map(str, command)), text=True, capture_output=True,
                              timeout=20, check=False)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_a_port_that_is_taken_is_said_in_one_line(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            card = bench.FOLDER / "card-of-none"
            for command in (
                    [BIN / "server/earshot-server", "--listen=localhost:0"],
                    [BIN / "device/earshot-device", f"--socket={card}", "--vm=a"]):
                error = self.complain(*command, f"--metrics={address}")
                self.assertIn(f"--metrics: cannot listen at {address}", error)
                self.assertIn("in use", error)
            self.assertFalse(card.exists())

    def test_what_is_no_address_is_said(self):
        for address in ("9464", "localhost", "localhost:port"):
            self.assertIn("HOST:PORT", self.complain(
                BIN / "server/earshot-server", "--listen=localhost:0", f"--metrics={address}"))
