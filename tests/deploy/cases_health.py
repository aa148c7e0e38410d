"""earshot-device --health: what kubelet's probes are told, out of the sandbox."""
import signal
import time

import grpc

from deploy.frame import case, require
from guest.rig.processes import Device, Server, await_condition

SERVES, SERVES_NOT = b"\x08\x01", b"\x08\x02"
MOST_KB = 32 * 1024


def check(address, service):
    """The answer's bytes, by a connection of its own as kubelet has it."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/grpc.health.v1.Health/Check")
        name = service.encode()
        return call(b"\n" + bytes([len(name)]) + name if name else b"", timeout=2)


@case("device_health", "a sandboxed device answers probes; service follows the service")
def device_health(folder):
    address, server = f"unix:{folder}/health.sock", f"unix:{folder}/server.sock"
    with Device(folder, server, "health-test", [f"--health={address}"]) as device:
        for service in ("", "liveness", "startup", "readiness"):
            require(check(address, service) == SERVES, f"'{service}' serves")
        require(check(address, "service") == SERVES_NOT, "there is no service yet")
        require(" seccomp=" in device.log.read_text(), "it is in its sandbox")
        with Server(folder, server, folder / "recordings"):
            await_condition(lambda: check(address, "service") == SERVES, "it is connected", 10)
        await_condition(lambda: check(address, "service") == SERVES_NOT, "it is not any more", 10)
        device.socket.rename(folder / "away")
        require(check(address, "readiness") == SERVES_NOT, "no VMM can connect")
        require(check(address, "liveness") == SERVES, "it lives all the same")
        (folder / "away").rename(device.socket)
        began, calls = device.cpu_seconds(), 100
        for _ in range(calls):
            check(address, "liveness")
        cost = (device.cpu_seconds() - began) / calls
        own = device.own_kb()
        require(own <= MOST_KB, f"it has {own} KiB")
        device.send_signal(signal.SIGSTOP)
        try:
            stopped = time.monotonic()
            check(address, "liveness")
            answered = True
        except grpc.RpcError:
            answered = False
        finally:
            device.send_signal(signal.SIGCONT)
        require(not answered and time.monotonic() - stopped > 1, "one that hangs does not answer")
    return {"own_kb": own, "probe_ms": round(1000 * cost, 2)}
