"""Server, device, guest and Prometheus, each with ports of its own."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("EARSHOT_BIN", ROOT / "bazel-bin"))
MONITORING = ROOT / "deploy/monitoring"
FOLDER = None  # of the run, where all files are


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_true(condition, what, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.1)


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


def promtool(*arguments, text=None):
    """Returns what it says; raises AssertionError with that if it complains."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout + done.stderr


class Program:
    """Runs until close(); its output goes to a log."""

    def __init__(self, *command):
        self.log = FOLDER / f"{Path(command[0]).name}-{time.monotonic_ns()}.log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    @property
    def alive(self):
        return self.process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def close(self):
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class Earshot:
    """A server with a policy and a certificate, a device, and a guest that
    plays. Metrics at .server_metrics and .device_metrics, host:port each."""

    def __init__(self, seconds):
        self.programs = []
        try:
            self._start(seconds)
        except BaseException:
            self.close()
            raise

    def _start(self, seconds):
        folder = FOLDER / f"earshot-{time.monotonic_ns()}"
        folder.mkdir()
        certificate, key = folder / "server.pem", folder / "server.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key],
            check=True, capture_output=True)
        policy = folder / "policy"
        policy.write_text('grant { principal: "anonymous" player: "*" operator: true }\n')
        listen = f"localhost:{free_port()}"
        self.server_metrics = f"127.0.0.1:{free_port()}"
        self.device_metrics = f"127.0.0.1:{free_port()}"
        self.server = self._run(
            BIN / "server/earshot-server", f"--listen={listen}", f"--policy={policy}",
            f"--tls-cert={certificate}", f"--tls-key={key}", f"--metrics={self.server_metrics}",
            f"--record={folder / 'recordings'}", "--record-min-free=0")
        await_true(lambda: "server started" in self.require(self.server), "the server starts")
        vhost = folder / "card"
        self.device = self._run(
            BIN / "device/earshot-device", f"--socket={vhost}", "--vm=desktop-1",
            f"--server={listen}", f"--tls-ca={certificate}",
            f"--metrics={self.device_metrics}")
        await_true(lambda: "ready " in self.require(self.device), "the device starts")
        await_true(lambda: "stream_connected{vm=\"desktop-1\",stream=\"0\"} 1" in
                   get(f"http://{self.device_metrics}/metrics"), "the device connects")
        self.guest = self._run(BIN / "tests/faults/feeder/feeder", f"--socket={vhost}",
                               f"--seconds={seconds}")

    def _run(self, *command):
        program = Program(*command)
        self.programs.append(program)
        return program

    @staticmethod
    def require(program):
        if not program.alive:
            raise AssertionError(f"it has ended: {program.text()[-500:]}")
        return program.text()

    def close(self):
        for program in reversed(self.programs):
            program.close()


class Prometheus:
    """The one of deploy/monitoring, but for where it asks, and how often."""

    def __init__(self, earshot):
        folder = FOLDER / "prometheus"
        folder.mkdir()
        config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(MONITORING / "rules.yml")]
        targets = {"earshot-server": earshot.server_metrics,
                   "earshot-device": earshot.device_metrics}
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.address = f"127.0.0.1:{free_port()}"
        self.program = Program(
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address={self.address}")
        await_true(self._ready, "Prometheus starts", 60)

    def _ready(self):
        if not self.program.alive:
            raise AssertionError(self.program.text()[-500:])
        try:
            return "Ready" in get(f"http://{self.address}/-/ready", 1)
        except OSError:
            return False

    def ask(self, path, **parameters):
        return json.loads(get(
            f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]

    def query(self, expression):
        """Returns the samples; what Prometheus complains of is raised."""
        return self.ask("query", query=expression)["result"]

    def close(self):
        self.program.close()
