#!/usr/bin/python3
"""The quickstart's second half: a guest plays a tune to the service.

deploy/quickstart installs, builds, and then runs this.
"""
import argparse
import re
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/guest")]
sys.dont_write_bytecode = True

import tune  # noqa: E402
from rig import wav  # noqa: E402
from rig.guest import Guest, build_image  # noqa: E402
from rig.processes import Device, Server, await_condition  # noqa: E402

VM = "quickstart"
PORT, WEB_PORT = 50051, 8080
KEPT = 4  # recordings, while the guest goes on playing


class Steps:
    """Says what has been done, and how long it took."""

    def __init__(self):
        self._began = time.monotonic()
        self.doing = ""

    def begin(self, text):
        self.doing = text
        self._began = time.monotonic()

    def end(self, text):
        print(f"  {text:46} {time.monotonic() - self._began:6.1f} s", flush=True)


def free_port(wanted, usual):
    """The wanted port of loopback, or, if none is wanted, one that is free."""
    for port in [wanted] if wanted else [usual, 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                pass
    raise RuntimeError(f"port {wanted} is taken")


def play(guest, server, name):
    """Plays the tune to its end. Returns how the stream stood then, the
    recording, and the median of the lead, in ms, while it played."""
    epochs = int(server.stream(name).get("epochs_total", 0))
    guest.start("tune", "aplay -q -D hw:0,0 /tune.wav")
    leads = []
    while guest.run("[ -e /tmp/tune.rc ]").rc != 0:
        stream = server.stream(name)
        if stream.get("state") == "STREAM_STATE_PLAYING":
            leads.append(stream["queued_ms"])
        time.sleep(0.2)
    result = guest.finish("tune")
    if result.rc != 0:
        raise RuntimeError(f"aplay in the guest ended with {result.rc}: {result.output}")

    def drained():
        stream = server.stream(name)
        return stream if (int(stream.get("epochs_total", 0)) > epochs and stream["state"] in
                          ("STREAM_STATE_IDLE", "STREAM_STATE_CLOSED")) else None
    stream = await_condition(drained, "the recording is complete", 5, 0.05)
    recordings = sorted(server.recordings.rglob("*.wav"), key=lambda file: file.stat().st_mtime_ns)
    return stream, recordings[-1], statistics.median(leads) if leads else 0.0


def summary(stream, recording, lead_ms, wall_s):
    sound = wav.read(recording)
    produced, played, skipped = (int(stream[key + "_frames"])
                                 for key in ("produced", "played", "skipped"))
    seconds = len(tune.make()) / tune.RATE
    if not played:
        raise RuntimeError("the service has played nothing")
    payload = int(stream["payload_bytes"])
    codec = stream["codec"].replace("CODEC_", "")
    print(f"""
  Played     a tune of {seconds:.1f} s, 48 kHz stereo, by aplay in a Linux guest
  Recording  {short(recording)} ({len(sound)} frames)
  Frames     {played} of {produced} played, {skipped} lost, underruns: {stream['underruns']}
  Network    {codec}, {payload / 1000:.0f} kB in {stream['packets']} packets, \
{8 * payload / seconds / 1000:.0f} kb/s
  Latency    {lead_ms:.0f} ms from the guest's clock to the sound (median)
  Took       {wall_s:.0f} s in all""")


def next_steps(address, page, name, server, device, keeps_running):
    print(f"""
Hear it{'' if keeps_running else ' (deploy/quickstart --keep leaves it running)'}:
  {page}     in a browser
  bazel-bin/client/cli/earshot listen --server={address} {name}

Look at it:
  bazel-bin/client/cli/earshot streams --server={address} --watch
  grpcurl -plaintext {address} list
  grpcurl -plaintext {address} earshot.v1.AdminService/ListStreams
  grpcurl -plaintext -d '{{"name": "{name}"}}' {address} earshot.v1.AdminService/GetStream
  grpcurl -plaintext -d '{{"service": "earshot.v1.PlaybackService"}}' {address} \
grpc.health.v1.Health/Check""")
    if not keeps_running:
        print(f"""
By hand:
  {short(' '.join(server.command))}
  {short(' '.join(device.command))}
  bazel-bin/client/cli/earshot play --server={address} FILE.wav""")


def short(text):
    """With paths as seen from the repository, and for the socket one to keep."""
    return re.sub(r"--socket=\S+", "--socket=/tmp/earshot.sock", str(text)).replace(f"{ROOT}/", "")


def keep(guest, server, name):
    """The guest plays on until Ctrl-C; of its recordings the newest stay."""
    print("\nThe guest plays on, until Ctrl-C.", flush=True)
    terminal = sys.stdout.isatty()
    guest.start("tunes", "sh -c 'while aplay -q -D hw:0,0 /tune.wav; do :; done'")
    while True:
        time.sleep(1)
        stream = server.stream(name)
        if terminal:
            state = stream.get("state", "").replace("STREAM_STATE_", "").lower()
            print(f"\r\033[K  {state}, {stream.get('latency', {}).get('total_ms', 0):.0f} ms, "
                  f"underruns: {stream.get('underruns_total', 0)}, "
                  f"listeners: {stream.get('listeners', 0)} ", end="", flush=True)
        recordings = sorted(server.recordings.rglob("*.wav"),
                            key=lambda file: file.stat().st_mtime_ns)
        for old in recordings[1:-KEPT]:
            old.unlink(missing_ok=True)


def run(args, folder, steps):
    wav.write(folder / "tune.wav", tune.make())
    steps.begin("the guest's image")
    image = build_image()
    kernel = (image / "packages.txt").read_text().split()[0].replace("linux-image-", "")
    steps.end(f"the guest is there, Linux {kernel}")

    steps.begin("service and device")
    address = f"127.0.0.1:{free_port(args.port, PORT)}"
    web = f"localhost:{free_port(args.web_port, WEB_PORT)}"
    with Server(folder, address, args.out, [f"--web={web}"]) as server, \
            Device(folder, address, VM, [f"--codec={args.codec}"]) as device:
        steps.end(f"the service listens at {address}")
        steps.begin("the guest")
        with Guest(folder / "guest", device.qemu_arguments(),
                   {"tune.wav": (folder / "tune.wav").read_bytes()}) as guest:
            steps.end("the guest has started and sees its sound card")
            steps.begin("the tune")
            found = play(guest, server, device.stream_name)
            steps.end("the tune was played")
            summary(*found, time.time() - args.started / 1e9)
            next_steps(address, f"http://{web}/", device.stream_name, server, device,
                       args.keep)
            if args.keep:
                keep(guest, server, device.stream_name)


def parse(argv):
    parser = argparse.ArgumentParser(prog="deploy/quickstart")
    parser.add_argument("--started", type=int, default=time.time_ns())
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--keep", action="store_true", default=sys.stdout.isatty())
    until.add_argument("--once", dest="keep", action="store_false")
    parser.add_argument("--out", type=lambda name: Path(name).resolve(), default=ROOT / "out")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--web-port", type=int, default=0)
    parser.add_argument("--codec", choices=("opus", "pcm"), default="opus")
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    # Everything is ended in order, whatever ends us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="earshot-"))
    steps = Steps()
    try:
        run(args, folder, steps)
    except KeyboardInterrupt:
        print("\nended")
        code = 0 if args.keep else 130
    except Exception as error:  # Whatever it is, a person shall read one line.
        print(f"\nquickstart: {steps.doing}: {error}", file=sys.stderr)
        for log in sorted(folder.rglob("*.log")):
            for line in log.read_text(errors="replace").splitlines()[-8:]:
                print(f"  {log.stem}: {line}", file=sys.stderr)
        print(f"  (the logs: {folder})", file=sys.stderr)
        return 1
    else:
        code = 0
    shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
