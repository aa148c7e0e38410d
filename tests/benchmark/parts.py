"""What tests/benchmark/run runs, and what it makes of it."""
from dataclasses import dataclass

from report.table import Figure


@dataclass(frozen=True)
class Part:
    """`command` is relative to the repository, `brief` what makes it short."""
    name: str
    text: str
    command: tuple
    brief: tuple = ()


TARGETS = ("//device:earshot-device", "//server:earshot-server", "//client/cli:earshot",
           "//tests/benchmark/...", "//tests/faults/feeder")
PARTS = (
    Part("device", "what a stream costs the device, beside libopus and a bare gRPC client",
         ("tests/benchmark/device/run",), ("--rounds=1", "--seconds=3")),
    Part("wire", "what a stream takes of the wire, beside one packet in a segment",
         ("tests/benchmark/wire/run",), ("--rounds=1", "--seconds=3")),
    Part("streams", "what a stream costs the server, beside bare gRPC and libopus",
         ("tests/benchmark/streams/run", "--minutes=30"),
         ("--rounds=1", "--seconds=3", "--minutes=0.3")),
    Part("listeners", "what a listener costs the server, beside a bare gRPC stream",
         ("tests/benchmark/listeners/run",), ("--rounds=1", "--seconds=3")),
    Part("latency", "from a guest to a sound server's monitor, all contestants at once",
         ("tests/benchmark/latency/run", "--seconds=120", "--settle=60"),
         ("--seconds=6", "--settle=6")),
    Part("listen", "how late `earshot listen` is",
         ("tests/benchmark/latency/listen", "--seconds=60"), ("--seconds=6", "--settle=4")),
    Part("peers", "QEMU's card, PulseAudio's tunnel, Snapcast, GStreamer at the same work",
         ("tests/benchmark/peers/run",), ("--rounds=1", "--seconds=5", "--settle=6")),
    Part("footprint", "memory under a hard limit, processor time when idle",
         ("tests/benchmark/footprint",)),
)
_BARE_SERVER = "bare gRPC reads + bare decodes"
_LIBOPUS = "bare libopus, at the same pace"
_BARE_CLIENT = "libopus + a bare gRPC client"
FIGURES = (
    Figure("device CPU, Opus, complexity 10", "device.opus_10", "ratio", "×", _LIBOPUS, most=1.25),
    Figure("device CPU, Opus, complexity 10", "device.opus_10", "ratio_grpc", "×", _BARE_CLIENT),
    Figure("device CPU, Opus, complexity 5", "device.opus_5", "ratio", "×", _LIBOPUS, most=1.25),
    Figure("device CPU, Opus, complexity 5", "device.opus_5", "ratio_grpc", "×", _BARE_CLIENT),
    Figure("device CPU, PCM", "device.pcm", "ratio_grpc", "×", "a bare gRPC client"),
    Figure("device CPU, digital silence", "device.silence", "ratio", "×", "the same, playing",
           most=0.1),
    Figure("device memory", "device.opus_10", "rss_kb", "KiB", most=32 * 1024),
    Figure("instructions from the ring to the packet", "device.instructions_opus_10", "ratio", "×",
           "bare libopus"),
    Figure("device's loop: system calls of a packet", "device.per_packet_opus_10",
           "system_calls_loop", most=2),
    Figure("device's loop: allocations of a packet", "device.per_packet_opus_10",
           "allocations_loop", most=0),
    Figure("start of the device, until its socket is there", "device.start", "ready_ms", "ms"),
    Figure("on the wire, Opus of 10 ms, from the device", "wire.opus_10ms", "up_ratio", "×",
           "one packet in a segment", most=1.05),
    Figure("on the wire, Opus of 20 ms, from the device", "wire.opus_20ms", "up_ratio", "×",
           "one packet in a segment", most=1.05),
    Figure("on the wire at silence, both ways", "wire.silence", "both_kbit_s", "kbit/s", most=4),
    Figure("server CPU per stream, 50 streams", "streams.50", "ratio", "×", _BARE_SERVER, most=1.2),
    Figure("server CPU per stream, 200 streams", "streams.200", "ratio", "×", _BARE_SERVER,
           most=1.2),
    Figure("server memory per stream, 50 streams", "streams.50", "ours_kb", "KiB"),
    Figure("server memory per stream, 200 streams", "streams.200", "ours_kb", "KiB", most=100),
    Figure("server memory per stream, fitted", "streams.ramp_10ms", "kb_per_stream", "KiB",
           most=100),
    Figure("streams on one processor, 10 ms", "streams.ramp_10ms", "knee", least=200),
    Figure("streams on one processor, 20 ms", "streams.ramp_20ms", "knee", least=300),
    Figure("streams on one processor, 10 ms, 50 connections", "streams.ramp_shared", "knee",
           least=200),
    Figure("underruns past the knee", "streams.ramp_10ms", "held_underruns", most=0),
    Figure("ticks later than 10 ms, 200 streams of 10 ms", "streams.hold_200_10ms", "over_10_ms",
           most=0),
    Figure("ticks later than 10 ms, 300 streams of 20 ms", "streams.hold_300_20ms", "over_10_ms",
           most=0),
    Figure("500 streams at once: answered after", "streams.accept", "after_ms", "ms"),
    Figure("1000 idle VMs: server CPU", "streams.idle_1000", "server_percent", "%", most=5),
    Figure("1000 idle VMs: server memory", "streams.idle_1000", "rss_mb", "MB", most=100),
    Figure("1000 silent VMs: server CPU", "streams.silent_1000", "server_percent", "%"),
    Figure("a listener of one stream, 200 of them", "listeners.of_one_stream", "ratio", "×",
           "a bare gRPC stream of the same messages", most=1.3),
    Figure("`earshot listen`, p50", "listen.latency", "p50_ms", "ms"),
    Figure("memory's growth, 500 streams", "streams.growth", "kb_per_minute", "KiB/min"),
)
# Who is compared, in what.
COMPARISONS = (
    ({"peers.direct": "straight into the sink", "peers.earshot": "Earshot",
      "peers.earshot_low": "Earshot, --low-latency",
      "peers.tunnel_20": "PulseAudio tunnel, latency_msec=20 (PCM)",
      "peers.snapcast_100": "Snapcast, Opus, 100 ms",
      "peers.gstreamer_20": "GStreamer, RTP/Opus, 20 ms"},
     {"p50_ms": "latency, p50, ms", "p99_ms": "p99, ms", "cpu_percent": "CPU, % of a core",
      "wire_kbit_s": "on the wire, kbit/s", "lost": "lost", "gaps": "gaps"}),
    ({"peers.guest_qemu": "QEMU's virtio-sound, -audiodev wav",
      "peers.guest_earshot_pcm": "Earshot, --codec=pcm, device and server",
      "peers.guest_earshot_opus": "Earshot, Opus, device and server"},
     {"cpu_percent": "CPU beyond the idle guest, % of a core", "idle_percent": "idle guest",
      "lost_frames": "frames lost"}),
)
