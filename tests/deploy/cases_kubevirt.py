"""deploy/kubevirt: the hook before a virt-launcher of ours, and a guest that
libvirt starts from the domain that it returns."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import grpc

from deploy.attached_guest import AttachedGuest
from deploy.frame import Skip, case, require
from deploy.kubevirt.sidecar import DEVICE, HOOK, VM, VMI_JSON, Sidecar, is_running
from deploy.streams import drained
from guest.rig import wav
from guest.rig.bench import Play
from guest.rig.case import figures, require_exact
from guest.rig.guest import build_image, cpio
from guest.rig.memory_limit import MemoryLimit
from guest.rig.processes import Process, Server, await_condition
from guest.rig.sounds import SOUNDS

DOMAINS = Path(__file__).resolve().parent / "kubevirt"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
NOWHERE = ["--server=unix:/nowhere"]
SOUND = SOUNDS["sweep3"]
# Domains that must not be changed, and why.
REFUSED = {"private-hugepages": "its memoryBacking wants access that is not shared"}
# What a Guaranteed VM's sidecar may have.
MOST_MEMORY_KB = 64 * 1000 * 1000 // 1024


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not there")


def validate(path):
    """By libvirt's schema."""
    done = subprocess.run(["virt-xml-validate", path, "domain"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    require(done.returncode == 0, f"{path.name}: {done.stdout}")


def is_within(part, whole):
    """Whether all bytes of `part` are in `whole`, in their order."""
    rest = iter(whole)
    return all(byte in rest for byte in part)


def require_card(domain, device_socket):
    """The domain has one card of ours, and memory that it can map."""
    root = ElementTree.fromstring(domain)
    words = [arg.get("value") for arg in root.findall(f"{QEMU}commandline/{QEMU}arg")]
    require(words.count(f"socket,id=earshot,path={device_socket}") == 1, f"{words}")
    require(words[-4:-3] + words[-2:-1] == ["-chardev", "-device"], f"{words}")
    require(json.loads(words[-1])["driver"] == "vhost-user-snd-pci", f"{words}")
    require(root.find("memoryBacking/access").get("mode") == "shared", "memory is not shared")
    source = root.find("memoryBacking/source")
    require(source is not None or root.find("memoryBacking/hugepages") is not None,
            "memory has no source")


def code_of(call, *arguments):
    """The status with which a call fails, and what it says."""
    try:
        call(*arguments)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return "OK", ""


@case("kubevirt_domains", "KubeVirt's domains get a card and keep each byte; libvirt's schema "
                          "takes them")
def kubevirt_domains(folder):
    need("virt-xml-validate")
    changed = 0
    with Sidecar(folder, NOWHERE, ["--on-failure=fail"]) as sidecar, sidecar.client() as hook:
        for path in sorted(DOMAINS.glob("*.xml")):
            validate(path)
            domain = path.read_bytes()
            if path.stem in REFUSED:
                for call in (hook.define, hook.mutate):
                    code, told = code_of(call, domain, VMI_JSON)
                    require(code == "FAILED_PRECONDITION" and REFUSED[path.stem] in told,
                            f"{path.name}: {code} {told}")
                continue
            result = hook.define(domain, VMI_JSON)
            require(hook.mutate(domain, VMI_JSON) == result, f"{path.name}: the interfaces differ")
            require(hook.define(result, VMI_JSON) == result, f"{path.name}: changed twice")
            require(is_within(domain, result), f"{path.name}: something is lost")
            require_card(result, sidecar.device_socket)
            written = folder / path.name
            written.write_bytes(result)
            validate(written)
            changed += 1
    return {"domains": changed, "refused": len(REFUSED)}


def features(path, first=b""):
    """What the device at a vhost-user socket answers a VMM's first question;
    None if it hangs up."""
    with socket.socket(socket.AF_UNIX) as vmm:
        vmm.settimeout(5)
        vmm.connect(str(path))
        vmm.sendall(first or struct.pack("<III", 1, 1, 0))
        try:
            answer = vmm.recv(20)
        except ConnectionResetError:
            return None
    return struct.unpack("<IIIQ", answer)[3] if len(answer) == 20 else None


@case("kubevirt_hook", "virt-launcher's way with a sidecar: each trap that KubeVirt sets")
def kubevirt_hook(folder):
    domain = (DOMAINS / "plain.xml").read_bytes()
    began = time.monotonic()
    sidecar = Sidecar(folder, NOWHERE)
    ready_ms = (time.monotonic() - began) * 1000
    with sidecar, sidecar.client() as hook:
        # All that it finds are gRPC's, and answer in time.
        require(sidecar.sockets == [sidecar.socket], f"sockets: {sidecar.sockets}")
        info = hook.info()
        require(info["versions"] == ["v1alpha3"]
                and [point["name"] for point in info["hookPoints"]]
                == ["OnDefineDomain", "Shutdown"], f"{info}")
        # No device before it is known whose it is.
        require(sidecar.children() == [], "a device without a VM")
        began = time.monotonic()
        result = hook.define(domain, VMI_JSON)
        define_ms = (time.monotonic() - began) * 1000
        require_card(result, sidecar.device_socket)
        # What QEMU will find is there when it is told of it.
        offered = features(sidecar.device_socket)
        require(offered, "the device does not answer")
        # virt-launcher's of other versions dial whatever they find.
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(64)
        require(features(sidecar.device_socket, preface) is None, "an answer to gRPC")
        require(features(sidecar.device_socket) == offered, "gRPC's preface harmed the device")
        # It comes back, at the same socket.
        device = sidecar.device()
        os.kill(device, signal.SIGKILL)
        began = time.monotonic()
        require(features(sidecar.device_socket) == offered, "no device after a kill")
        restart_ms = (time.monotonic() - began) * 1000
        require(sidecar.device() != device and not is_running(device), "a zombie")
        # What cannot be is no reason not to boot; only a plugin is told.
        for bad in (b"", b"{", b"[]", b'{"metadata":{}}', b"\xff", b"[" * 100000):
            require(hook.define(domain, bad) == domain, f"{bad[:20]}")
            require(code_of(hook.mutate, domain, bad)[0] == "INVALID_ARGUMENT", f"{bad[:20]}")
        require(hook.define(b"<no", VMI_JSON) == b"<no", "a domain that is none")
        other = VMI_JSON.replace(b"desktop", b"other")
        require(code_of(hook.mutate, domain, other)[0] == "FAILED_PRECONDITION", "two VMs")
        memory_kb = sidecar.rss_kb() + _rss_kb(sidecar.device())
        require(memory_kb < MOST_MEMORY_KB, f"{memory_kb} KiB")
        # The VM's end is the sidecar's, or the pod would stay.
        device = sidecar.device()
        hook.shutdown()
        require(sidecar.wait(10) == 0, "its end")
        require(not is_running(device), "the device stays")
        require(not sidecar.socket.exists() and not sidecar.device_socket.exists(), "sockets stay")
    return {"ready_ms": round(ready_ms), "define_ms": round(define_ms),
            "restart_ms": round(restart_ms), "memory_mb": round(memory_kb / 1024, 1)}


def _rss_kb(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"^VmRSS:\s+(\d+)", text, re.MULTILINE).group(1))


def exit_code(*arguments, folder):
    """What the hook ends with that cannot start."""
    process = Process(HOOK, arguments, folder / "exit.log")
    try:
        return process.wait(10)
    finally:
        process.close()


@case("kubevirt_ends", "the hook's ends: by a signal, by flags, with a device that cannot start")
def kubevirt_ends(folder):
    domain = (DOMAINS / "plain.xml").read_bytes()
    with Sidecar(folder / "bad", ["--codec=no"]) as sidecar, sidecar.client() as hook:
        # A VM whose device would never answer is not given one.
        require(hook.define(domain, VMI_JSON) == domain, "a card without a device")
        code, told = code_of(hook.mutate, domain, VMI_JSON)
        require(code == "FAILED_PRECONDITION" and "flags" in told, f"{code} {told}")
        require(sidecar.children() == [], "a zombie")
    # What a kill left behind is replaced.
    killed = Sidecar(folder / "killed", NOWHERE)
    with killed.client() as hook:
        hook.define(domain, VMI_JSON)
    device = killed.device()
    killed.kill()
    killed.close()
    await_condition(lambda: not is_running(device), "the device ends with the hook")
    again = Process(HOOK, [f"--socket={killed.socket}", f"--device={DEVICE}", "--", *NOWHERE],
                    folder / "again.log")
    with again:
        await_condition(lambda: "ready socket" in again.log.read_text(), "a hook in its place")
        again.send_signal(signal.SIGTERM)
        require(again.wait(10) == 0, "its end by SIGTERM")
    socket_flag = f"--socket={folder}/hook.sock"
    for arguments, code in (
            (("--no-such-flag",), 2), (("--socket=relative",), 2), (("--", "--vm=a"), 2),
            ((socket_flag, "--device=/nowhere"), 2), (("--help",), 0), (("--version",), 0),
            (("--socket=/proc/1/hook.sock", f"--device={DEVICE}"), 1)):
        got = exit_code(*arguments, folder=folder)
        require(got == code, f"{arguments}: {got}, not {code}")


def libvirt_words(root):
    """What runs libvirt on a host that is not prepared for it: below a folder of
    ours, and with the user whom it looks for even when it is told of another."""
    (root / "etc").mkdir(parents=True)
    (root / "etc/qemu.conf").write_text("\n".join([
        'user = "root"', 'group = "root"', "remember_owner = 0", "namespaces = []",
        "cgroup_controllers = []", 'security_driver = "none"', "seccomp_sandbox = 0",
        'stdio_handler = "file"', ""]))
    binds = []
    for name, line in (("passwd", "libvirt-qemu:x:64055:108::/:/usr/sbin/nologin\n"),
                       ("group", "libvirt-qemu:x:64055:\nkvm:x:108:\n")):
        (root / name).write_text(Path("/etc", name).read_text() + line)
        binds.append(f"mount --bind {root}/{name} /etc/{name}")
    return ["unshare", "--mount", "sh", "-c", " && ".join([*binds, 'exec "$0" "$@"'])]


@case("kubevirt_guest", "libvirt starts the domain that the hook returns: the guest has the card "
                        "and plays every frame")
def kubevirt_guest(folder):
    need("virt-qemu-run")
    image = build_image()
    recording = SOUND.write(folder, "sweep")
    initrd = folder / "initrd.cpio"
    initrd.write_bytes((image / "initramfs.cpio").read_bytes()
                       + cpio({recording.name: recording.read_bytes()}))
    text = (DOMAINS / "guest.xml").read_text()
    for word, value in (("/KERNEL", image / "vmlinux"), ("/INITRD", initrd), ("/FOLDER", folder)):
        text = text.replace(word, str(value))
    libvirt = libvirt_words(folder / "libvirt")
    address = f"unix:{folder}/server.sock"
    with MemoryLimit(MOST_MEMORY_KB) as memory, \
            Server(folder, address, folder / "recordings") as server, \
            Sidecar(folder, [f"--server={address}", "--codec=pcm"], (),
                    memory.within()) as sidecar, \
            sidecar.client() as hook:
        domain = folder / "domain.xml"
        domain.write_bytes(hook.define(text.encode(), VMI_JSON))
        with Process("/usr/bin/virt-qemu-run", [f"--root={folder}/libvirt", domain],
                     folder / "libvirt.log", within=libvirt) as started:
            await_condition(lambda: started.require() and (folder / "serial.log").exists(),
                            "libvirt starts QEMU", 30)
            guest = AttachedGuest(folder)
            cards = guest.run("cat /proc/asound/cards").output
            require("VirtIO SoundCard" in cards, f"cards: {cards}")
            played = guest.run(f"aplay -q -D hw:0,0 /{recording.name}", 60)
            stream = drained(server.client, f"vms/{VM}/streams/0")
            guest.close()
        peak_kb = memory.peak_kb()
    play = Play(played, stream, wav.read(next((folder / "recordings").rglob("*.wav"))),
                SOUND.recorded())
    require_exact(play)
    require(peak_kb < MOST_MEMORY_KB, f"hook and device took {peak_kb} KiB")
    return {**figures(play), "memory_peak_mb": round(peak_kb / 1024, 1)}
