"""Earshot itself, from a guest's ring to a sink of the hall."""
from rig.processes import BIN, await_condition
from rig.reflection import ReflectionClient

# 5 ms, the least that Linux's driver offers for 16-bit stereo as it comes, and
# a ring of two: what a program in a guest takes that wants little delay.
PERIOD_FRAMES = 240
BUFFER_FRAMES = 480


class Chain:
    """Asks a server how its stream stands, again and again."""

    def __init__(self, address, vm):
        self._client = ReflectionClient(address)
        self._name = f"vms/{vm}/streams/0"
        self.states = []  # as GetStream says

    def ask(self):
        return self._client.call("earshot.v1.AdminService/GetStream", name=self._name)["stream"]

    def opened(self):
        """Whether the device's call has come."""
        try:
            return self.ask()["state"] == "STREAM_STATE_IDLE"
        except Exception:  # pylint: disable=broad-except
            return False  # not listening yet, or no such stream

    def sample(self):
        self.states.append(self.ask())

    def close(self):
        self._client.close()


def play_through_earshot(stage, name, device_flags):
    """From a guest through a device and a server of its own."""
    address = f"unix:{stage.folder}/{name}.sock"
    socket = stage.folder / f"{name}.vhost"
    stage.spawn(f"{name}.server", [BIN / "server/earshot-server", f"--listen={address}",
                                   f"--sink=pulse:{name}"], stage.hall.environment)
    stage.spawn(f"{name}.device", [BIN / "device/earshot-device", f"--socket={socket}",
                                   f"--server={address}", f"--vm={name}", *device_flags])
    chain = Chain(address, name)
    stage.chains[name] = chain
    await_condition(lambda: stage.alive() and chain.opened(), f"{name}: the stream is open", 15)
    stage.play_as_guest(name, socket, PERIOD_FRAMES, BUFFER_FRAMES)
