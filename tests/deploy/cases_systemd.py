"""deploy/systemd: the units, and the command lines of its README."""
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from contextlib import ExitStack
from pathlib import Path

from deploy.attached_guest import MEMORY, AttachedGuest, boot_arguments
from deploy.frame import Skip, case, require
from deploy.host import Host
from deploy.streams import drained
from guest.rig import steady, wav
from guest.rig.bench import Play
from guest.rig.case import figures, require_exact
from guest.rig.guest import ROOT, build_image, cpio
from guest.rig.processes import BIN, Process, Server, await_condition
from guest.rig.sounds import SOUNDS

UNITS = ROOT / "deploy/systemd"
README_SOCKET = "/run/earshot/demo.sock"
VM = "demo"
DEVICE_UNIT, DEVICE_SOCKET = "earshot-device@demo.service", "earshot-device@demo.socket"
QEMU_NAMESPACE = "{http://libvirt.org/schemas/domain/qemu/1.0}"
SOUND = SOUNDS["sweep3"]
# Of systemd-analyze's 10: what a unit may expose.
MOST_EXPOSED = {"earshot-device@.service": 1.5, "earshot-server.service": 2.5}


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not there")


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@case("units", "systemd finds nothing wrong with the units, and little that they expose")
def units(folder):
    need("systemd-analyze")
    copies = []
    for unit in sorted([*UNITS.glob("*.service"), *UNITS.glob("*.socket")]):
        # Ours are not installed where the tests run.
        text = unit.read_text().replace("/usr/bin/earshot-", f"{folder}/earshot-")
        copies.append(folder / unit.name)
        copies[-1].write_text(text)
    for program in ("device/earshot-device", "server/earshot-server"):
        (folder / Path(program).name).symlink_to((BIN / program).resolve())
    code, told = analyze("verify", "--man=no", *copies)
    require(code == 0 and not told.strip(), told)
    values = {}
    for name, most in MOST_EXPOSED.items():
        _, told = analyze("security", "--offline=true", "--no-pager", folder / name)
        exposed = float(re.search(r"exposure level for .*: ([\d.]+)", told).group(1))
        require(exposed <= most, f"{name} exposes {exposed}:\n{told}")
        values[name.partition(".")[0].strip("@").replace("-", "_")] = exposed
    return values


CONNECT = """
import socket, sys
vmm = socket.socket(socket.AF_UNIX)
vmm.connect(sys.argv[1])
vmm.recv(1)  # until the device goes
"""


@case("units_run", "a systemd runs the units: activation, reload, an orderly end")
def units_run(folder):
    with Host(folder) as host:
        def systemctl(*words):
            done = host.run("systemctl", *words)
            require(done.returncode == 0, f"systemctl {' '.join(words)}: {done.stdout}")
            return done.stdout.strip()

        def says(unit, words):
            return words in host.run("systemctl", "status", "--lines=40", "--full", unit).stdout

        systemctl("start", "earshot-server.service", DEVICE_SOCKET)
        await_condition(lambda: says("earshot-server", "server started"), "the service starts")
        require(systemctl("show", "--value", "--property=ActiveState", DEVICE_UNIT) == "inactive",
                "no device before a VMM connects")
        mode = host.run("stat", "--format=%a %G", README_SOCKET).stdout.strip()
        require(mode == "660 kvm", f"the socket is {mode}")
        host.run("sh", "-c", f"/usr/bin/python3 -c '{CONNECT}' {README_SOCKET} >/dev/null 2>&1 &")
        await_condition(lambda: says(DEVICE_UNIT, "VMM connected"), "the device is activated")
        await_condition(lambda: says("earshot-server", "stream opened"), "its stream is opened")
        await_condition(lambda: says(DEVICE_UNIT, "landlock=files,ports seccomp=on"),
                        "the sandbox is complete")
        systemctl("reload", "earshot-server.service")
        for unit in (DEVICE_UNIT, "earshot-server.service"):
            systemctl("stop", unit)
            result = systemctl("show", "--value", "--property=Result", unit)
            require(result == "success", f"{unit}: {result}")


def unit_command(unit):
    """What a unit starts for the VM of the README, with a program that is not
    installed."""
    start = re.search(r"^ExecStart=/usr/bin/(earshot-(\w+)) (.*)$", (UNITS / unit).read_text(),
                      re.MULTILINE)
    program, folder, words = start.groups()
    return [str(BIN / folder / program), *words.replace("%i", VM).split()]


def listing(kind):
    """The README's one of a kind."""
    [text] = re.findall(rf"^```{kind}\n(.*?)^```", (UNITS / "README.md").read_text(),
                        re.MULTILINE | re.DOTALL)
    return text


def qemu_words():
    """The README's command line of QEMU, without the program."""
    words = shlex.split(listing("qemu").replace("\\\n", " "))
    require(words[0] == "qemu-system-x86_64", words[0])
    return words[1:]


def libvirt_words():
    """What libvirt makes of the README's domain, as far as sound needs it."""
    domain = ElementTree.fromstring(listing("libvirt"))
    size = domain.findtext("memory") + domain.find("memory").get("unit")[0]
    backing = domain.find("memoryBacking")
    require(backing.find("source").get("type") == "memfd"
            and backing.find("access").get("mode") == "shared", "the guest's memory is shared")
    return ["-machine", domain.find("os/type").get("machine") + ",memory-backend=pc.ram",
            "-m", size, "-object", f"memory-backend-memfd,id=pc.ram,share=on,size={size}",
            *(one.get("value") for one in domain.iter(QEMU_NAMESPACE + "arg"))]


class Qemu(Process):
    START_PRIORITY = steady.GUEST


def play(folder, device, words):
    """Has a guest play to a service, its QEMU started with these words of the
    README, its device by `device`, of a socket; returns a Play."""
    socket = folder / "demo.sock"
    sound = SOUND.write(folder, "sweep")
    image = build_image()
    initrd = folder / "initrd.cpio"
    initrd.write_bytes((image / "initramfs.cpio").read_bytes()
                       + cpio({sound.name: sound.read_bytes()}))
    words = [word.replace(README_SOCKET, str(socket)).replace("2G", MEMORY) for word in words]
    with ExitStack() as stack:
        server = stack.enter_context(
            Server(folder, f"unix:{folder}/server.sock", folder / "recordings"))
        stack.enter_context(device(folder, socket))
        await_condition(socket.exists, "the device's socket is there")
        stack.enter_context(Qemu(
            "qemu-system-x86_64",
            [*words, *boot_arguments(folder, image / "vmlinux", initrd)], folder / "qemu.log"))
        guest = stack.enter_context(AttachedGuest(folder))
        result = guest.run(f"aplay -q -D hw:0,0 /{sound.name}", SOUND.seconds + 20)
        stream = drained(server.client, f"vms/{VM}/streams/0")
        recorded = wav.read(next((folder / "recordings").rglob("*.wav")))
    return Play(result, stream, recorded, SOUND.recorded())


def flags(folder):
    return [f"--server=unix:{folder}/server.sock", "--codec=pcm"]


@case("socket_activation", "a VMM's connection starts the unit's device; README's QEMU plays")
def socket_activation(folder):
    need("systemd-socket-activate")

    def activated(folder, socket):
        command = unit_command("earshot-device@.service")
        require(command.pop() == "$EARSHOT_FLAGS", command)
        return Process("systemd-socket-activate", [f"--listen={socket}", *command, *flags(folder)],
                       folder / "device.log")

    played = play(folder, activated, qemu_words())
    require_exact(played)
    log = (folder / "device.log").read_text()
    require("VMM connected" in log, log)
    return figures(played)


@case("libvirt_command_line", "README's libvirt domain: the arguments that QEMU gets of it play")
def libvirt_command_line(folder):
    def listening(folder, socket):
        return Process(BIN / "device/earshot-device",
                       [f"--socket={socket}", f"--vm={VM}", *flags(folder)], folder / "device.log")

    played = play(folder, listening, libvirt_words())
    require_exact(played)
    return figures(played)
