"""Earshot itself, from a guest's ring to a sink of the hall."""
import json
import time

from rig.processes import BIN, await_condition
from rig.reflection import ReflectionClient

# Period and ring of the guest: the least that Linux's driver offers for 16-bit
# stereo as it comes; and what PipeWire takes where the driver lets it.
USUAL_GUEST = (240, 480)
LOW_GUEST = (128, 256)
RATE_HZ = 48000
# 120 frames at 48 kHz: OPUS_GET_LOOKAHEAD of OPUS_APPLICATION_RESTRICTED_LOWDELAY.
CODEC_MS = 2.5


class Chain:
    """Asks a server how its stream stands, again and again."""

    def __init__(self, address, vm, log):
        self._log = log  # of all that was said, for those who keep it
        self._client = ReflectionClient(address)
        self._name = f"vms/{vm}/streams/0"
        self.states = []  # as GetStream says

    def ask(self):
        return self._client.call("earshot.v1.AdminService/GetStream", name=self._name)["stream"]

    def opened(self):
        """Whether the device's call has come."""
        try:
            return self.ask()["state"] == "STREAM_STATE_IDLE"
        except Exception:  # pylint: disable=broad-except
            return False  # not listening yet, or no such stream

    def sample(self):
        state = self.ask()
        self.states.append(state)
        with open(self._log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"time_ns": time.monotonic_ns(), **state}) + "\n")

    def close(self):
        self._client.close()


def play_through_earshot(stage, name, guest, device_flags, sink=None):
    """From a guest through a device and a server of its own, into a sink of the
    hall if no other one is named; returns where the server is."""
    address = f"127.0.0.1:{stage.port()}"
    socket = stage.folder / f"{name}.vhost"
    stage.spawn(f"{name}.server", [BIN / "server/earshot-server", f"--listen={address}",
                                   f"--sink={sink or f'pulse:{name}'}"], stage.hall.environment)
    stage.spawn(f"{name}.device", [BIN / "device/earshot-device", f"--socket={socket}",
                                   f"--server={address}", f"--vm={name}", *device_flags])
    chain = Chain(address, name, stage.log(f"{name}.chain"))
    stage.chains[name] = chain
    await_condition(lambda: stage.alive() and chain.opened(), f"{name}: the stream is open", 15)
    stage.play_as_guest(name, socket, *guest)
    return address


def _median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else 0.0


def stages(states, found):
    """[(stage, ms, where the figure is from)] of the median way: what follows one
    behind the other from the program's hand to the monitor."""
    playing = [state for state in states if state["state"] == "STREAM_STATE_PLAYING"]
    if not playing or not found.from_card:
        return []

    def of_stream(key):
        return _median([state[key] for state in playing])

    last = playing[-1]
    packet_ms = 1e3 * int(last["produced_frames"]) / max(1, int(last["packets"])) / RATE_HZ
    rows = [
        ("guest's ring", _median(found.waiting), "measured: from the program to the card's clock"),
        ("packet", packet_ms, "its last frame comes so much later than its first"),
        ("codec", CODEC_MS, "look-ahead of Opus, restricted low delay"),
        ("network", of_stream("round_trip_ms") / 2, "half of round_trip_ms"),
        ("margin", of_stream("margin_ms"),
         f"margin_ms; wanted {of_stream('target_margin_ms'):.1f}: {last['target_margin_reason']}"),
        ("sink", of_stream("sink_latency_ms"), "sink_latency_ms, from PulseAudio"),
    ]
    told = sum(row[1] for row in rows)
    measured = _median(found.latencies)
    return rows + [("unexplained", measured - told, "what is left of the measured"),
                   ("measured", measured, "p50")]


def stage_lines(name, states, found):
    """The stages for people, and as a RESULT line for programs."""
    rows = stages(states, found)
    if not rows:
        return
    yield f"{name}, stage by stage:"
    for stage, ms, source in rows:
        yield f"  {stage:14} {ms:7.1f} ms  {source}"
    underruns = states[-1]["underruns"]
    causes = states[-1].get("underrun_causes", {})
    yield (f"  {'underruns':14} {underruns:>7}     "
           + ", ".join(f"{cause} {count}" for cause, count in causes.items()))
    values = {stage.replace("guest's ring", "ring"): ms for stage, ms, _ in rows}
    yield (f"RESULT latency.{name}_stages "
           + " ".join(f"{stage}_ms={ms:.2f}" for stage, ms in values.items())
           + f" underruns={underruns}")
