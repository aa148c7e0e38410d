"""Who plays, and how: from a program's samples to a null sink of the hall."""
import shutil
import time
from dataclasses import dataclass
from typing import Callable

from .earshot import LOW_GUEST, USUAL_GUEST, play_through_earshot
from .stage import SoundServer

CONTESTANTS = []
# What the player itself asks of its sound server, in ms: the least at which
# the floor is without gaps.
PLAYER_MS = 6
SNAPCAST_CHUNK_MS = 10
SNAPCAST_PLAYER_MS = 20


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
        local.load("module-tunnel-sink", server=stage.hall.open_port(), sink=name,
                   sink_name="tunnel", latency_msec=latency_ms, rate=48000, channels=2)
        stage.play_into_pulse(name, local, "tunnel", PLAYER_MS)
    return start


for _ms in (20, 10, 5):
    contestant(f"tunnel_{_ms}", f"PulseAudio module-tunnel-sink latency_msec={_ms}")(tunnel(_ms))


def snapcast(buffer_ms):
    def start(stage, name):
        fifo = stage.fifo(name)
        port = stage.port()
        stage.spawn(f"{name}.server", [
            "snapserver", "--config=/dev/null", f"--server.datadir={stage.folder}",
            "--http.enabled=false", "--tcp.enabled=false", "--stream.bind_to_address=127.0.0.1",
            f"--stream.port={port}", f"--stream.source=pipe://{fifo}?name=impulses&mode=read",
            "--stream.codec=opus", "--stream.sampleformat=48000:16:2",
            f"--stream.chunk_ms={SNAPCAST_CHUNK_MS}", f"--stream.buffer={buffer_ms}"])
        stage.play_into_fifo(name, fifo)
        # A client that hears nothing for 5 s ends: the stream comes first.
        time.sleep(2)
        stage.spawn(f"{name}.client", [
            "snapclient", "--host=127.0.0.1", f"--port={port}", f"--hostID={name}",
            f"--player=pulse:buffer_time={SNAPCAST_PLAYER_MS}", "--logsink=stderr"],
            {**stage.hall.environment, "PULSE_SINK": name})
    return start


for _ms in (100,):
    contestant(f"snapcast_{_ms}", f"snapserver and snapclient, Opus, buffer {_ms} ms",
               "snapserver", "snapclient")(snapcast(_ms))


def gstreamer(frame_ms, jitter_ms, buffer_ms):
    def start(stage, name):
        fifo = stage.fifo(name)
        port = stage.port()
        stage.spawn(f"{name}.receiver", [
            "gst-launch-1.0", "udpsrc", "address=127.0.0.1", f"port={port}",
            "caps=application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=96",
            "!", "rtpjitterbuffer", f"latency={jitter_ms}", "!", "rtpopusdepay", "!", "opusdec",
            "!", "audioconvert", "!", "pulsesink", f"device={name}",
            f"buffer-time={1000 * buffer_ms}", f"latency-time={250 * buffer_ms}"],
            stage.hall.environment)
        stage.spawn(f"{name}.sender", [
            "sh", "-c", 'exec gst-launch-1.0 "$@" < "$0"', fifo, "fdsrc", "do-timestamp=true",
            "blocksize=960", "!", "rawaudioparse", "pcm-format=s16le", "sample-rate=48000",
            "num-channels=2", "!", "audioconvert", "!", "opusenc", f"frame-size={frame_ms}",
            "audio-type=restricted-lowdelay", "bitrate=128000", "!", "rtpopuspay", "!",
            "udpsink", "host=127.0.0.1", f"port={port}"])
        stage.play_into_fifo(name, fifo)
    return start


for _frame, _jitter, _buffer in ((10, 20, 20), (5, 5, 10)):
    contestant(f"gstreamer_{_jitter}", f"opusenc {_frame} ms, RTP, rtpjitterbuffer {_jitter} ms, "
               f"pulsesink {_buffer} ms", "gst-launch-1.0")(gstreamer(_frame, _jitter, _buffer))


# Last: what the others do when they start would be learnt, as what the network is
# like, and remembered for two minutes.
def earshot(guest, *device_flags):
    def start(stage, name):
        play_through_earshot(stage, name, guest, device_flags)
    return start


contestant("earshot", "Earshot, Opus 10 ms; the guest's ring 2 periods of 240 frames")(
    earshot(USUAL_GUEST))
contestant("earshot_low", "Earshot --low-latency, Opus 5 ms; ring 2 x 128 frames")(
    earshot(LOW_GUEST, "--low-latency"))
