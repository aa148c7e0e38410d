"""An image with a VMM and a guest in it: QEMU, and the test guest's kernel."""
import tempfile
from pathlib import Path

from guest.rig.guest import build_image, cpio
from images import debian
from images.root import Root

NAME, TAG = "localhost/earshot-test-vmm", "1"
QEMU = Path("/usr/bin/qemu-system-x86_64")
# What it loads for a guest whose kernel it is given.
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin", "/usr/share/qemu/pvh.bin")
CONTAINERFILE = f"FROM scratch\nCOPY root/ /\nENTRYPOINT [\"{QEMU}\"]\n"


def build(podman, guest_files):
    """Builds it, the guest with these files, {name: bytes}, in its root."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        context = Path(folder)
        root = Root(context / "root")
        root.add_files([QEMU, *map(Path, FIRMWARE)])
        root.add_files(debian.libraries(QEMU))
        root.add_accounts()
        guest = context / "root/guest"
        guest.mkdir()
        image = build_image()
        (guest / "vmlinux").write_bytes((image / "vmlinux").read_bytes())
        (guest / "initrd.cpio").write_bytes(
            (image / "initramfs.cpio").read_bytes() + cpio(guest_files))
        (context / "Containerfile").write_text(CONTAINERFILE)
        podman.run("build", "--quiet", "--layers=false", "--timestamp=0", f"--tag={NAME}:{TAG}",
                   context, program="buildah")
