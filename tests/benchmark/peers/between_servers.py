"""From a program to a sound server elsewhere: the contestants of ../latency,
one at a time, with nobody else on the wire."""
import subprocess
from pathlib import Path

LATENCY = Path(__file__).resolve().parents[1] / "latency/run"
PLAYERS = ("direct", "earshot", "earshot_low", "tunnel_20", "snapcast_100", "gstreamer_20")
# As Ethernet has it; the loopback's 64 KiB would save a peer its headers.
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up mtu 1500 && exec "$@"', "sh"]


def play(name, folder, arguments):
    """What it took, and what was heard."""
    results = folder.with_suffix(".results")
    done = subprocess.run(
        [*ALONE, LATENCY, f"--only={name}", "--wire", f"--settle={arguments.settle}",
         f"--seconds={arguments.seconds}", f"--results={results}"],
        check=False, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
    told = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        _, what, *pairs = line.split()
        told[what] = {key: float(value) for key, value in (pair.split("=") for pair in pairs)}
    own = told[f"latency.{name}"]
    return {"p50_ms": own["p50_ms"], "p99_ms": own["p99_ms"], "cpu_percent": own["cpu_percent"],
            "sound_server_percent": told["latency.hall"]["cpu_percent"],
            "wire_kbit_s": told["latency.wire"]["kbit_s"],
            "lost": own["lost"] + own["extra"], "gaps": own["gaps"] + own["jumps"]}
