"""Who plays, and how: from a program's samples to a null sink of the hall."""
import shutil
import time
from dataclasses import dataclass
from typing import Callable

from .earshot import play_through_earshot
from .stage import SoundServer

CONTESTANTS = []
# What the player itself asks of its sound server, in ms: the least at which
# the floor is without gaps.
PLAYER_MS = 6
# The smallest at which its client plays without gaps.
SNAPCAST_BUFFER_MS = 400
SNAPCAST_CHUNK_MS = 20
SNAPCAST_PLAYER_MS = 20
SNAPCAST_PORT = 51704
RTP_PORT = 51706


@dataclass
class Contestant:
    """`start` starts it on a stage, `needs` are the programs that it takes."""
    name: str
    text: str
    start: Callable
    needs: tuple = ()

    def missing(self):
        """Those of its programs that are not installed."""
        return [program for program in self.needs if not shutil.which(program)]


def contestant(name, text, *needs):
    def add(start):
        CONTESTANTS.append(Contestant(name, text, start, needs))
        return start
    return add


@contestant("direct", "a player straight into the sink: the floor")
def direct(stage, name):
    stage.play_into_pulse(name, stage.hall, name, PLAYER_MS)


def tunnel(latency_ms):
    def start(stage, name):
        local = SoundServer(stage, f"{name}.local")
        local.load("module-tunnel-sink", server=stage.hall.environment["PULSE_SERVER"], sink=name,
                   sink_name="tunnel", latency_msec=latency_ms, rate=48000, channels=2)
        stage.play_into_pulse(name, local, "tunnel", PLAYER_MS)
    return start


def earshot(*device_flags):
    def start(stage, name):
        play_through_earshot(stage, name, device_flags)
    return start


contestant("earshot", "Earshot from guest to sink=pulse, Opus 10 ms")(earshot())
contestant("earshot_low", "Earshot with --low-latency, Opus 5 ms")(earshot("--low-latency"))


for _ms in (20, 10):
    contestant(f"tunnel_{_ms}", f"PulseAudio module-tunnel-sink latency_msec={_ms}")(tunnel(_ms))


@contestant("snapcast", "snapserver and snapclient, Opus", "snapserver", "snapclient")
def snapcast(stage, name):
    fifo = stage.fifo(name)
    stage.spawn(f"{name}.server", [
        "snapserver", "--config=/dev/null", f"--server.datadir={stage.folder}",
        "--http.enabled=false", "--tcp.enabled=false",
        "--stream.bind_to_address=127.0.0.1", f"--stream.port={SNAPCAST_PORT}",
        f"--stream.source=pipe://{fifo}?name=impulses&mode=read", "--stream.codec=opus",
        "--stream.sampleformat=48000:16:2", f"--stream.chunk_ms={SNAPCAST_CHUNK_MS}",
        f"--stream.buffer={SNAPCAST_BUFFER_MS}"])
    stage.play_into_fifo(name, fifo)
    # A client that hears nothing for 5 s ends: the stream comes first.
    time.sleep(2)
    stage.spawn(f"{name}.client", [
        "snapclient", "--host=127.0.0.1", f"--port={SNAPCAST_PORT}",
        f"--player=pulse:buffer_time={SNAPCAST_PLAYER_MS}", "--logsink=stderr"],
        {**stage.hall.environment, "PULSE_SINK": name})


@contestant("gstreamer", "opusenc 10 ms, RTP, rtpjitterbuffer 20 ms, pulsesink", "gst-launch-1.0")
def gstreamer(stage, name):
    fifo = stage.fifo(name)
    stage.spawn(f"{name}.receiver", [
        "gst-launch-1.0", "udpsrc", "address=127.0.0.1", f"port={RTP_PORT}",
        "caps=application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=96",
        "!", "rtpjitterbuffer", "latency=20", "!", "rtpopusdepay", "!", "opusdec", "!",
        "audioconvert", "!", "pulsesink", f"device={name}", "buffer-time=20000",
        "latency-time=5000"], stage.hall.environment)
    stage.spawn(f"{name}.sender", [
        "sh", "-c", 'exec gst-launch-1.0 "$@" < "$0"', fifo, "fdsrc", "do-timestamp=true",
        "blocksize=960", "!", "rawaudioparse", "pcm-format=s16le", "sample-rate=48000",
        "num-channels=2", "!", "audioconvert", "!", "opusenc", "frame-size=10",
        "bitrate=128000", "!", "rtpopuspay", "!", "udpsink", "host=127.0.0.1",
        f"port={RTP_PORT}"])
    stage.play_into_fifo(name, fifo)
