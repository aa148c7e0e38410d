"""What a card goes through in its life, again and again: each time nothing may
stay behind in device or server, and the sound must be right afterwards."""
import time

from . import wav
from .bench import Bench
from .case import Failure, case, figures, require, require_beginning, require_exact
from .footprint import LEAST_SAMPLES, Footprints
from .guest import GuestError
from .processes import await_condition

# What a sound of 10 s has time for, and stops of about the ring's 40 ms.
STOPS, STOPPED_S, RUNNING_S = 100, 0.04, 0.06


def repeated(bench, count, turn, batch=1):
    """Has `turn` done `count` times, samples what is held after each batch, and
    plays; returns figures. What grows is a failure where the samples suffice."""
    bench.start()
    require_exact(bench.play("sweep1"))
    prints = Footprints({"device": bench.device, "server": bench.server})
    began = time.monotonic()
    for _ in range(count // batch):
        turn(batch)
        bench.await_idle()
        bench.clear_recordings()
        prints.sample()
    took = time.monotonic() - began
    play = bench.play("sweep3")
    require_exact(play)
    if len(prints.times) >= LEAST_SAMPLES and prints.complaints():
        raise Failure("\n".join(prints.complaints()))
    return {"cycles": count, "cycle_ms": round(1000 * took / count), **figures(play),
            **prints.figures()}


def repeat_case(name, count, text, batch=1, long_count=None):
    """A case `name`; and, with a long count, `name`_`long_count` for when there is
    time."""
    def add(turn):
        for number in filter(None, (count, long_count)):
            def run(bench: Bench, number=number):
                return repeated(bench, number, lambda times: turn(bench, times), batch)
            case(name if number == count else f"{name}_{number}",
                 f"{f'{number} times' if number > 1 else 'once'}: {text}",
                 long=number != count)(run)
        return turn
    return add


@repeat_case("driver_reload", 100, "the driver is unloaded and loaded; then sound")
def driver_reload(bench, _):
    bench.reload_driver()


@repeat_case("open_close", 1000,
             "the card is opened and closed, as far as six programs get; then sound", batch=50)
def open_close(bench, times):
    result = bench.guest.run(f"/guest-cycles open {times}", 60)
    require(result.rc == 0, result.output)


@repeat_case("reboot", 1, "the guest reboots mid-play, then plays", long_count=20)
def reboot(bench, _):
    interrupted(bench, bench.guest.reboot)


@repeat_case("reset", 1, "the VMM resets the guest mid-play, then it plays", long_count=20)
def reset(bench, _):
    interrupted(bench, bench.guest.reset)


@repeat_case("second_vmm", 1,
             "the VMM is killed mid-play; another one comes to the same device", long_count=20)
def second_vmm(bench, _):
    interrupted(bench, bench.replace_guest)


def interrupted(bench, interrupt):
    """Interrupts a play; what was recorded must be its beginning."""
    epochs = bench.epochs()
    bench.clear_recordings()
    playing = bench.playing("sweep10")
    playing.await_frames(wav.RATE)
    interrupt()
    bench.await_rest(epochs)
    require(bench.recordings(), "the interrupted play left no recording")
    require_beginning(bench.recordings()[-1], wav.sweep(10))


@case("stop_cont", f"{STOPS} times: the VMM stops and goes on mid-play: byte-exact")
def stop_cont(bench: Bench):
    bench.start()
    prints = Footprints({"device": bench.device, "server": bench.server})
    playing = bench.playing("sweep10")
    playing.await_frames(wav.RATE // 2)
    for _ in range(STOPS):
        bench.guest.qmp("stop")
        time.sleep(STOPPED_S)
        bench.guest.qmp("cont")
        time.sleep(RUNNING_S)
        prints.sample()
    require(bench.guest.run("pidof aplay").rc == 0, "the play was over too soon")
    play = playing.finish()
    require_exact(play)
    require(not prints.complaints(), "\n".join(prints.complaints()))
    return {"cycles": STOPS, **figures(play), **prints.figures()}


@case("stop_cont_slow", "the VMM stops for longer than the ring lasts, twice: byte-exact")
def stop_cont_slow(bench: Bench):
    bench.start()
    playing = bench.playing("sweep3")
    playing.await_frames(wav.RATE)
    for _ in range(2):
        bench.guest.qmp("stop")
        time.sleep(0.7)
        bench.guest.qmp("cont")
        time.sleep(0.3)
    play = playing.finish()
    require_exact(play)
    return figures(play)


@case("pause", "a program pauses 5 times on its way: byte-exact")
def pause(bench: Bench):
    bench.start()
    play = bench.paused("sweep3", 5)
    require_exact(play)
    return figures(play)


def removed(guest, chardev):
    """QEMU needs a moment after the device is gone: until then it is busy."""
    try:
        guest.qmp("chardev-remove", id=chardev)
        return True
    except GuestError:
        return False


@case("replug", "the device dies mid-play; unplugged, another one plugged in, sound", "replug")
def replug(bench: Bench):
    bench.start()
    guest = bench.guest
    playing = bench.playing("sweep10")
    playing.await_frames(wav.RATE)
    began = time.monotonic()
    bench.device.kill()
    failed = playing.await_end()
    require(failed.rc != 0, "aplay did not notice that its card was gone")
    noticed = time.monotonic() - began
    began = time.monotonic()
    guest.qmp("device_del", id="card")
    await_condition(lambda: not guest.has_device("card"), "the card is unplugged", 15)
    await_condition(lambda: removed(guest, "sound"), "the socket is free", 5, 0.05)
    bench.replace_device()
    guest.qmp("chardev-add", id="sound", backend={"type": "socket", "data": {
        "addr": {"type": "unix", "data": {"path": str(bench.device.socket)}}, "server": False}})
    guest.qmp("device_add", driver="vhost-user-snd-pci", id="card", chardev="sound", bus="cardport")
    result = guest.run("wait_for /dev/snd/controlC0", 10)
    require(result.rc == 0, "no card came")
    replugged = time.monotonic() - began
    play = bench.play("sweep3")
    require_exact(play)
    return {"noticed_s": round(noticed, 2), "replug_s": round(replugged, 2), **figures(play)}
