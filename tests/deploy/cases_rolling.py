"""deploy/kubernetes: replicas of the playback service that are replaced, and that
die, under streams that play. Processes; a cluster would take them one by one in
the same way."""
import signal
import time
from contextlib import ExitStack

from deploy.frame import case, require
from deploy.replicas import PORT, Replicas, Vm
from guest.rig.processes import BIN, Process, await_condition

STREAMS = 20
MANY = 200
REPLICAS = 3
PLAY_S = 25
TAIL_S = 30


def start(stack, folder, streams, seconds, replicas=REPLICAS):
    """Replicas, and VMs that play there."""
    service = stack.enter_context(Replicas(folder, replicas, ["--drain-timeout=20s"]))
    vms = [stack.enter_context(Vm(service, number)) for number in range(streams)]
    for vm in vms:
        vm.await_open()
    for vm in vms:
        vm.play(seconds)
    await_condition(lambda: sum(len(service.streams(one)) for one in service.servers) == streams,
                    "all streams play", 20, 0.1)
    return service, vms


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
        service, vms = start(stack, folder, STREAMS, PLAY_S)
        old = list(service.servers)
        spread = [len(service.streams(one)) for one in old]
        require(all(spread), f"the streams spread over the replicas: {spread}")
        for address in old:
            service.add()
            drains.append(service.remove(address))
        require(all(vm.feeder.alive for vm in vms), "they play until all replicas are replaced")
        total = account(vms, PLAY_S)
        stayed = [vm.vm for vm in vms if vm.places()[-1] in old]
        underruns = service.underruns()
    require(not stayed, f"{stayed} did not move")
    for key in ("skipped", "lost", "missing", "duplicates"):
        require(total[key] == 0, f"{key}: {total}")
    require(not any(underruns.values()), f"underruns: {underruns}")
    return {**total, "drain_max_s": round(max(drains), 2),
            "spread": "/".join(map(str, spread))}


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


@case("drain_200", f"a replica with {MANY} streams drains: how long, and what is cut")
def drain_200(folder):
    with ExitStack() as stack:
        service = stack.enter_context(
            Replicas(folder, 2, ["--drain-timeout=20s"], sink="null"))
        stay, leave = service.servers
        players = stack.enter_context(Process(
            BIN / "tests/floods/players/players",
            [f"--server={leave}:{PORT},{stay}:{PORT}", f"--streams={MANY}"],
            folder / "players.log"))
        await_condition(lambda: "playing" in players.log.read_text(), "they play", 60, 0.1)
        await_condition(lambda: len(service.streams(leave)) == MANY, "all of them", 30, 0.2)
        took = service.remove(leave)
        await_condition(lambda: len(service.streams(stay)) == MANY, "all of them moved", 30, 0.1)
        underruns = service.underruns()
        log = (folder / leave / "server.log").read_text()
    require("drained=true" in log, "nothing was cut")
    require(took < 20, f"it took {took:.1f} s")
    return {"streams": MANY, "drain_s": round(took, 2), **underruns}
