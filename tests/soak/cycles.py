"""What a guest's sound goes through, one function a kind of cycle. Each leaves
the guest so that it can play again, and raises where something is not as it
should be; whether the sound is right afterwards is asked after every one."""
import time

from guest.rig import wav
from guest.rig.case import Failure, require, require_beginning, require_exact
from guest.rig.processes import ProcessError

# Whole periods: aplay fills up the last one, and Opus does not keep silence silent.
SIZES = (960, 3840)  # frames of a period and of the ring
STOPPED_S = 0.3  # well beyond the ring's 80 ms
OPENS = 24  # of each of six kinds the same number
OPUS_SNR_DB = 15

CYCLES = {}  # name → function of a bench
# What takes a boot comes once in so many rounds.
SELDOM, SELDOM_EVERY = ("reset", "reboot", "vmm"), 3


def cycle(function):
    CYCLES[function.__name__] = function
    return function


def rounds():
    """The names of the cycles, without end: every kind in each round but those
    that boot, of which there is one every round."""
    number = 0
    while True:
        yield from (name for name in CYCLES if name not in SELDOM)
        yield SELDOM[number % SELDOM_EVERY]
        number += 1


def require_right(bench, play):
    """The whole sound arrived: with the PCM codec to the bit."""
    if bench.codec == "pcm":
        require_exact(play)
        return
    found = play.comparison
    require(play.rc == 0, f"aplay ended with {play.rc}: {play.output.strip()}")
    require(found.played == found.expected and found.alignment == 0,
            f"{found.played} of {found.expected} frames, alignment {found.alignment}")
    require(found.snr_db >= OPUS_SNR_DB, f"SNR of {found.snr_db:.1f} dB")
    require(play.balanced, f"GetStream does not balance: {play.stream}")


def cut(bench, how):
    """Ends a play before its end; what was recorded must be its beginning."""
    epochs = bench.epochs()
    playing = bench.playing("sweep3", *SIZES)
    try:
        playing.await_frames(wav.RATE // 2)
    except ProcessError as error:
        ended = playing.await_end()
        raise Failure(f"aplay ended with {ended.rc}: {ended.output.strip()}; {error}") from None
    how(playing)
    bench.await_rest(epochs)
    recordings = bench.recordings()
    require(recordings, "what was cut left no recording")
    if bench.codec == "pcm":
        require_beginning(recordings[-1], wav.sweep(3), wav.RATE // 4)


@cycle
def play(bench):
    """aplay plays to its end."""
    require_right(bench, bench.play("sweep3", *SIZES))


@cycle
def stop(bench):
    """aplay is told to stop."""
    def how(playing):
        bench.guest.run("killall -INT aplay")
        playing.await_end()
    cut(bench, how)


@cycle
def pause(bench):
    """A program pauses three times."""
    require_right(bench, bench.paused("sweep1", 3))


@cycle
def kill(bench):
    """aplay is killed."""
    def how(playing):
        bench.guest.run("killall -KILL aplay")
        playing.await_end()
    cut(bench, how)


@cycle
def open_close(bench):
    """Programs open the card and close it in six states."""
    result = bench.guest.run(f"/guest-cycles open {OPENS}")
    require(result.rc == 0, result.output)


@cycle
def reload(bench):
    """A program is killed, and the driver unloaded at once and loaded again."""
    def how(playing):
        bench.guest.run("killall -KILL aplay")
        playing.await_end()
        bench.reload_driver()
    cut(bench, how)


@cycle
def stop_cont(bench):
    """The VMM stops mid-play, and goes on."""
    playing = bench.playing("sweep1", *SIZES)
    playing.await_running()
    bench.guest.qmp("stop")
    time.sleep(STOPPED_S)
    bench.guest.qmp("cont")
    require_right(bench, playing.finish())


@cycle
def reset(bench):
    """The VMM resets the guest mid-play."""
    cut(bench, lambda playing: bench.guest.reset())


@cycle
def reboot(bench):
    """The guest reboots mid-play."""
    cut(bench, lambda playing: bench.guest.reboot())


@cycle
def vmm(bench):
    """The VMM is killed mid-play, and another comes."""
    cut(bench, lambda playing: bench.replace_guest())
