"""What a desktop guest must be able to do: sound servers, not aplay, open the card."""
import numpy as np

from . import wav
from .bench import Bench
from .case import case, require
from .desktop import running, sound_in

# pw-play of PipeWire 0.3.65 loses what does not fill its last quantum.
QUANTUM = 1024
LONGEST_GAP = 64 * QUANTUM
SEAM = 256  # frames that must be right behind a gap
SWEEP_SECONDS = 10
LONG_SECONDS = 600


def counts(restarts):
    """The figures of Restarts for a RESULT line."""
    return {"restarts": restarts.late, "restarts_first_2s": restarts.early,
            "restarts_frozen": restarts.frozen, "frozen_ms": restarts.frozen_ms}


def pipewire_plays(bench, commands, timeout):
    """Plays with PipeWire. Returns figures, and the recording, or None where
    the guest stood still so long that PipeWire itself lost sound."""
    epochs = bench.epochs()
    bench.clear_recordings()
    with running(bench, "pipewire") as server:
        # WirePlumber's own default is 40 %.
        server.run("wpctl set-volume @DEFAULT_AUDIO_SINK@ 1.0")
        # What plays for the first time makes an emulated guest read its disk.
        for program in ("pw-play", "paplay"):
            server.run(f"{program} /sweep1.wav", 30)
        seconds = [round(server.run(command, timeout), 2) for command in commands]
        params = server.hw_params()
        restarts = server.restarts()
    period = int(params.get("period_size", 0))
    require((params.get("access"), params.get("format"), period)
            == ("MMAP_INTERLEAVED", "FLOAT_LE", 128), f"the card is used otherwise: {params}")
    stream = bench.await_rest(epochs)
    require(not restarts.late, f"{restarts.late} restarts of the stream after the first 2 s")
    skipped = int(stream["skipped_frames_total"])
    require(not skipped, f"{skipped} frames skipped")
    # The longest: once nothing plays, a guest without a processor may restart its stream.
    longest = max(bench.recordings(), key=lambda file: file.stat().st_size)
    recorded = None if restarts.frozen else wav.read(longest)
    return ({**counts(restarts), "seconds": "/".join(map(str, seconds)), "period": period,
             "buffer": params["buffer_size"]}, recorded)


@case("pipewire", "pw-play and paplay of 10 s through PipeWire: 128-frame periods, FLOAT, mmap, "
      "no restart, exact", "desktop")
def pipewire(bench: Bench):
    values, recorded = pipewire_plays(
        bench, ["pw-play /sweep10.wav", "paplay /sweep10.wav"], 60)
    if recorded is None:
        return values
    expected = wav.sweep(SWEEP_SECONDS)
    first = sound_in(recorded, expected)
    second = sound_in(recorded[first.at + first.frames:], expected)
    require(not first.wrong and not second.wrong,
            f"{first.wrong} and {second.wrong} frames are wrong")
    require(len(expected) - first.frames < QUANTUM, f"pw-play: {first.frames} frames")
    require(second.frames == len(expected), f"paplay: {second.frames} frames")
    return {**values, "frames_wrong": 0, "frames_played": first.frames + second.frames}


@case("pipewire_long", "pw-play of 10 min through PipeWire: no restart, exact", "desktop",
      long=True)
def pipewire_long(bench: Bench):
    bench.start()
    size = SWEEP_SECONDS * wav.RATE * 4
    times = LONG_SECONDS // SWEEP_SECONDS
    head = "".join(f"\\{byte:03o}" for byte in wav.header(wav.PCM, 2, 2, times * size))
    made = bench.guest.run(f"(printf '{head}'; for i in $(seq {times}); do "
                           "tail -c +45 /sweep10.wav; done) >/tmp/long.wav")
    require(made.rc == 0, f"no long sound: {made.output}")
    values, recorded = pipewire_plays(bench, ["pw-play /tmp/long.wav"], LONG_SECONDS + 60)
    if recorded is None:
        return values
    expected = wav.sweep(SWEEP_SECONDS)
    at = wav.find(expected, recorded)
    require(at is not None, "the sound is not in the recording")
    played, gaps = without_gaps(recorded[at:], expected, times * len(expected) - QUANTUM)
    require(played == times * len(expected) - QUANTUM,
            f"the recording is wrong behind {played} right frames")
    return {**values, "frames_wrong": 0, "frames_played": played, "guest_gaps": len(gaps),
            "guest_gap_frames": sum(gaps)}


def without_gaps(recorded, period, wanted):
    """How many frames of the endless `period` the recording holds, up to
    `wanted`, and how long the silences are between them: whole quanta, for which
    PipeWire had nothing from pw-play in time. They were the guest's sound, too."""
    played, at, gaps = 0, 0, []
    while played < wanted:
        expected = period[played % len(period):][:wanted - played]
        part = recorded[at:at + len(expected)]
        differs = (part != expected[:len(part)]).any(axis=1)
        right = int(differs.argmax()) if differs.any() else len(part)
        played += right
        at += right
        if right == len(expected):
            continue
        expected = period[played % len(period):][:SEAM]
        gap = next((gap for gap in range(QUANTUM, LONGEST_GAP + 1, QUANTUM)
                    if not recorded[at:at + gap].any()
                    and np.array_equal(recorded[at + gap:][:len(expected)], expected)), None)
        if gap is None:
            break
        gaps.append(gap)
        at += gap
    return played, gaps


@case("pulseaudio", "paplay of 10 s through PulseAudio as Debian ships it: byte-exact", "desktop")
def pulseaudio(bench: Bench):
    epochs = bench.epochs()
    with running(bench, "pulseaudio") as server:
        seconds = server.run("paplay /sweep10.wav", 60)
        params = server.hw_params()
        restarts = server.restarts()
    stream = bench.await_rest(epochs)
    expected = wav.sweep(SWEEP_SECONDS)
    sound = sound_in(wav.read(bench.recordings()[-1]), expected)
    require(sound.frames == len(expected), f"{sound.frames} of {len(expected)} frames recorded")
    require(not sound.wrong, f"{sound.wrong} frames are wrong")
    require(not restarts.late, f"{restarts.late} restarts of the stream after the first 2 s")
    return {"frames_played": sound.frames, "frames_expected": len(expected), "frames_wrong": 0,
            **counts(restarts), "seconds": round(seconds, 2),
            "period": params.get("period_size"), "buffer": params.get("buffer_size"),
            "epochs": int(stream["epochs_total"]) - epochs}
