"""--server=dns:///NAME:PORT out of the sandbox, by the system's own resolver and
a name server: no file of hosts helps."""
import re
import signal
import time

from deploy.frame import case, require
from deploy.name_server import NameServer
from guest.rig.processes import Device, Server, await_condition

NAME = "earshot-server.names.test"
PORT = 50051
NAME_SERVER = "127.0.4.53"
FIRST, SECOND = "127.0.4.2", "127.0.4.3"
# As a cluster's pods have it; and a module that is a library of its own, which
# cannot be loaded: the next one is asked.
FILES = {"resolv.conf": f"nameserver {NAME_SERVER}\noptions ndots:5 timeout:1 attempts:1\n",
         "nsswitch.conf": "hosts: hesiod dns\n"}
MOUNTED = " && ".join([*(f'mount --bind "$0/{name}" /etc/{name}' for name in FILES),
                       'exec "$@"'])
OPEN = re.compile(r" stream open .*server=(\S+)")


class Replica(Server):
    def __init__(self, folder, address):
        folder = folder / f"{address}-{time.monotonic_ns()}"
        folder.mkdir()
        super().__init__(folder, f"unix:{folder}/sock,{address}:{PORT}", folder / "recordings",
                         sink="null")

    def vanish(self):
        """Ends without a word."""
        self.send_signal(signal.SIGKILL)
        self.wait(10)
        self.client.close()


@case("names", "a sandboxed device finds its service by a name server: over UDP, over TCP, and "
               "after that was silent")
def names(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text)
    within = ["unshare", "--mount", "sh", "-c", MOUNTED, str(folder)]
    figures = {}
    with NameServer(NAME_SERVER, NAME) as name_server:
        name_server.addresses = [FIRST]
        replica = Replica(folder, FIRST)
        # By gRPC's own resolver, as far as it goes: for one server.
        (folder / "plain").mkdir()
        with Device(folder / "plain", f"{NAME}:{PORT}", "names-plain", [], within) as plain:
            await_condition(lambda: OPEN.findall(plain.log.read_text()), "a plain name is found")
            require(name_server.asked["udp"], f"it asked {name_server.asked}")
        name_server.asked.clear()
        device = Device(folder, f"dns:///{NAME}:{PORT}", "names-test", [], within)

        def await_open(count, address):
            """How long it takes until it has its stream there."""
            began = time.monotonic()

            def opened():
                return device.require() and OPEN.findall(device.log.read_text())[count - 1:]

            places = await_condition(opened, f"the stream is open at {address}", 30, 0.02)
            require(places == [f"{address}:{PORT}"], f"it is open at {places}")
            return round(time.monotonic() - began, 2)

        try:
            figures["open_s"] = await_open(1, FIRST)
            require(" seccomp=on" in device.log.read_text(), "it is in its sandbox")
            require(name_server.asked["udp"] and not name_server.asked["tcp"],
                    f"it asked {name_server.asked}")
            # A long answer does not fit into a datagram.
            name_server.truncates = True
            name_server.addresses = [SECOND]
            gone, replica = replica, Replica(folder, SECOND)
            gone.vanish()
            figures["by_tcp_s"] = await_open(2, SECOND)
            require(name_server.asked["tcp"], f"it asked {name_server.asked}")
            # Nobody knows the new address before the name server speaks again.
            name_server.speaks = name_server.truncates = False
            name_server.addresses = [FIRST]
            gone, replica = replica, Replica(folder, FIRST)
            gone.vanish()
            asked = name_server.asked["udp"]
            await_condition(lambda: name_server.asked["udp"] > asked, "it asks", 10)
            name_server.speaks = True
            figures["after_silence_s"] = await_open(3, FIRST)
        finally:
            device.close()
            replica.close()
    return figures
