"""deploy/kubernetes: replicas of the playback service that are replaced, and that
die, under streams that play. Processes; a cluster would take them one by one in
the same way."""
import re
import signal
import time
from contextlib import ExitStack, closing

from deploy.frame import case, require
from deploy.replicas import PORT, Replicas, Vm
from guest.rig.processes import BIN, Process, await_condition
from guest.rig.standstill import StandstillWatch

STREAMS = 20
MANY = 200
WATCHED_S = 2
BEGUN_S = 2  # where all streams begin at once, one may have an underrun
PUNCTUAL = re.compile(r"^turns=.* worst_ms=([\d.]+)$", re.MULTILINE)
REPLICAS = 3
PLAY_S = 25
TAIL_S = 30


def start(stack, folder, streams, seconds, replicas=REPLICAS):
    """Replicas, and VMs that play there, over TLS."""
    service = stack.enter_context(
        Replicas(folder, replicas, ["--drain-timeout=20s"], secure=True))
    vms = [stack.enter_context(Vm(service, number)) for number in range(streams)]
    for vm in vms:
        vm.await_open()
    for vm in vms:
        vm.play(seconds)
    await_condition(lambda: sum(len(service.streams(one)) for one in service.servers) == streams,
                    "all streams play", 20, 0.1)
    return service, vms


def longest_ms(machine, began):
    """For how long it stood still since then, at most."""
    longest = machine.longest_since(began)
    return round(1000 * longest.seconds) if longest else 0


def account(vms, seconds):
    """Ends them all; what was heard of what they played."""
    total = {"fed": 0, "played": 0, "missing": 0, "duplicates": 0, "skipped": 0, "lost": 0,
             "guest_errors": 0}
    for vm in vms:
        view = vm.await_end(seconds + TAIL_S)
        require(not view.problem, f"{vm.vm}: {view.problem}")
        counts = vm.counts()
        total["fed"] += view.fed
        total["guest_errors"] += view.errors
        for key in ("skipped", "lost"):
            total[key] += counts.get(key, 0)
    # What the last play still writes.
    time.sleep(0.5)
    for vm in vms:
        view = vm.feeder.view()
        heard = vm.heard(view.fed)
        total["played"] += heard.unique
        total["missing"] += heard.missing(view.fed)
        total["duplicates"] += heard.duplicates
    return total


@case("rolling_update", f"{REPLICAS} replicas are replaced one by one under {STREAMS} streams: "
                        "not a frame is skipped or played twice")
def rolling_update(folder):
    drains = []
    with ExitStack() as stack:
        machine = stack.enter_context(closing(StandstillWatch()))
        service, vms = start(stack, folder, STREAMS, PLAY_S)
        old = list(service.servers)
        spread = [len(service.streams(one)) for one in old]
        require(all(spread), f"the streams spread over the replicas: {spread}")
        time.sleep(BEGUN_S)
        before = service.all_underruns()
        began = time.monotonic()
        for address in old:
            service.add()
            drains.append(service.remove(address))
        time.sleep(WATCHED_S)
        underruns = service.all_underruns() - before
        still_ms = longest_ms(machine, began)
        require(all(vm.feeder.alive for vm in vms), "they play until all replicas are replaced")
        total = account(vms, PLAY_S)
        stayed = [vm.vm for vm in vms if vm.places()[-1] in old]
        moves = sum(len(vm.places()) - 1 for vm in vms)
        # In the time that was left to play: whatever the machine did.
        later = service.all_underruns() - before - underruns
    require(not stayed, f"{stayed} did not move")
    for key in ("skipped", "lost", "missing", "duplicates"):
        require(total[key] == 0, f"{key}: {total}")
    # None, where the machine does not stand still for longer than the margin that a
    # stream begins with at its new server: machine_still_ms tells.
    require(sum(underruns.values()) <= moves,
            f"more than one underrun for each of {moves} moves: {dict(underruns)}")
    return {**total, "moves": moves, "drain_max_s": round(max(drains), 2),
            "spread": "/".join(map(str, spread)), "underruns": sum(underruns.values()),
            "underruns_before": sum(before.values()),
            "machine_still_ms": still_ms, "underruns_later": sum(later.values())}


@case("replica_killed", "kill -9 of a replica: its streams play on others within 1 s")
def replica_killed(folder):
    with ExitStack() as stack:
        service, vms = start(stack, folder, STREAMS, 10)
        victim = max(service.servers, key=lambda one: len(service.streams(one)))
        lost = set(service.streams(victim))
        # DNS is late: the dead one keeps its name.
        hosts = service.hosts.read_text()
        began = time.monotonic()
        service.remove(victim, signal.SIGKILL)
        service.hosts.write_text(hosts)
        waiting = set(lost)

        def played_elsewhere():
            for one in service.servers:
                waiting.difference_update(service.streams(one))
            return not waiting

        await_condition(played_elsewhere, "its streams play elsewhere", 10, 0.02)
        took = time.monotonic() - began
        spread = [len(lost & set(service.streams(one))) for one in service.servers]
        total = account(vms, 10)
    require(took < 1, f"they played again after {took:.2f} s")
    require(all(spread), f"they spread over the others: {spread}")
    # What is not heard was declared: skipped, or lost with the replica.
    require(total["missing"] <= total["skipped"] + total["lost"], f"{total}")
    require(total["duplicates"] == 0 and total["guest_errors"] == 0, f"{total}")
    return {**total, "streams": len(lost), "again_s": round(took, 2),
            "spread": "/".join(map(str, spread))}


class Players:
    """Many streams of one process and one thread, which says itself how punctual
    it was: what comes late there nobody else can make good."""

    def __init__(self, folder, servers):
        self.process = Process(BIN / "tests/floods/players/players",
                               [f"--server={servers}", f"--streams={MANY}"],
                               folder / "players.log")
        self._answers = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.close()

    def await_playing(self):
        await_condition(
            lambda: self.process.require() and "playing" in self.process.log.read_text(),
            "they play", 60, 0.1)

    def worst_ms(self):
        """How late a turn was at most since this was last asked."""
        self.process.send_signal(signal.SIGUSR1)
        self._answers += 1
        found = await_condition(
            lambda: PUNCTUAL.findall(self.process.log.read_text())[self._answers - 1:],
            "the players' answer", 20)
        return float(found[-1])


@case("drain_200", f"a replica with {MANY} streams drains: how long, and what is cut, or late")
def drain_200(folder):
    with ExitStack() as stack:
        service = stack.enter_context(
            Replicas(folder, 2, ["--drain-timeout=20s"], sink="null"))
        stay, leave = service.servers
        players = stack.enter_context(Players(folder, f"{leave}:{PORT},{stay}:{PORT}"))
        players.await_playing()
        await_condition(lambda: len(service.streams(leave)) == MANY, "all of them", 30, 0.2)
        time.sleep(WATCHED_S)
        before = service.all_underruns()
        players.worst_ms()
        took = service.remove(leave)
        await_condition(lambda: len(service.streams(stay)) == MANY, "all of them moved", 30, 0.1)
        time.sleep(WATCHED_S)
        worst = players.worst_ms()
        late = service.all_underruns() - before
        log = (folder / leave / "server.log").read_text()
    require("drained=true" in log, "nothing was cut")
    require(took < 20, f"it took {took:.1f} s")
    # Told, not judged: so many streams and their players take most of two
    # processors, and then late is who waits for one. rolling_update judges it.
    return {"streams": MANY, "drain_s": round(took, 2), "underruns": sum(late.values()),
            "underruns_before": sum(before.values()), "players_worst_ms": worst}
