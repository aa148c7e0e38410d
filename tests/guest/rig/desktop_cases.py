"""What a desktop guest must be able to do: sound servers, not aplay, open the card."""
from typing import NamedTuple

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
    wanted = times * len(expected) - QUANTUM
    channels = {}
    for name, heard, sound in zip("lr", recorded.T, expected.T):
        played, breaks = follow(heard, sound, wanted)
        lost = sum(one.moved for one in breaks)
        wrong = sum(one.silence + abs(one.moved) for one in breaks)
        require(played + lost == wanted and wrong < wanted // 100,
                f"{name}: {played} right frames, then nothing of the sound; before that {breaks}")
        channels |= {f"guest_breaks_{name}": len(breaks), f"guest_wrong_frames_{name}": wrong}
    return {**values, "frames_wrong": 0, "frames_played": wanted, **channels}


class Break(NamedTuple):
    """Where pw-play was late in an emulated guest: PipeWire plays silence in its
    stead, or loses some of its sound, or plays some again, perhaps in one
    channel only. To the card all of that is the guest's sound."""
    silence: int  # frames
    moved: int    # frames of the sound that are missing; less than 0: come again


def follow(heard, sound, wanted):
    """How many frames of the first `wanted` of the endless repetition of `sound`
    the recording of one channel holds in their order, and the breaks before and
    between them."""
    at, position = _beginning(heard, sound)
    played, breaks = 0, [Break(0, position)] if position else []
    while position < wanted:
        due = sound[position % len(sound):][:wanted - position]
        part = heard[at:at + len(due)]
        differs = part != due[:len(part)]
        right = int(differs.argmax()) if differs.any() else len(part)
        played, position, at = played + right, position + right, at + right
        if right == len(due):
            continue
        found = _resumption(heard[at:], sound, position % len(sound))
        if found is None:
            break
        breaks.append(found)
        position, at = position + found.moved, at + found.silence
    return played, breaks


def _beginning(heard, sound):
    """Where the first second of `sound` is heard first, and where in the sound
    that is: an emulated guest may be late at once."""
    found = [(at, position) for position in range(0, wav.RATE, SEAM)
             for at in np.flatnonzero(heard == sound[position]).tolist()
             if np.array_equal(heard[at:at + SEAM], sound[position:position + SEAM])]
    require(found, f"the sound's first second is not in a recording of {len(heard)} frames")
    return min(found)


def _resumption(heard, sound, position):
    """The Break with which `heard` begins, where `sound` was at `position`."""
    zeros = heard[:LONGEST_GAP] == 0
    longest = len(zeros) if zeros.all() else int(zeros.argmin())
    # The sound itself may have a zero or two where it goes on.
    for silence in range(longest, max(longest - SEAM, -1), -1):
        wanted = heard[silence:silence + SEAM]
        if not len(wanted):
            continue
        # Nearest first.
        for moved in sorted((np.flatnonzero(sound == wanted[0]) - position).tolist(), key=abs):
            if np.array_equal(np.take(sound, range(position + moved, position + moved + len(wanted)),
                                      mode="wrap"), wanted):
                return Break(silence, moved) if silence or moved else None
    return None


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
