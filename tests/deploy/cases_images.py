"""deploy/images: what is in an image, and how it runs."""
import hashlib
import json
import re
import subprocess
import tarfile
import time

from deploy.frame import case, require
from deploy.podman import Podman
from guest.rig.guest import ROOT
from guest.rig.processes import BIN
from guest.rig.processes import await_condition
from guest.rig.reflection import ReflectionClient

MOST_COMPRESSED = 40e6
UID = 65532
KINDS = ("device", "server")
HOOK = "/usr/bin/earshot-kubevirt-hook"  # in the device's


def layer_files(archive):
    """{path: sha256} of what an image's layers hold, and the image's manifest."""
    found = {}
    with tarfile.open(archive) as tar:
        def blob(digest):
            return tar.extractfile("blobs/" + digest.replace(":", "/"))
        digest = json.load(tar.extractfile("index.json"))["manifests"][0]["digest"]
        manifest = json.load(blob(digest))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer["digest"])) as files:
                for one in files:
                    if one.isreg():
                        content = files.extractfile(one).read()
                        found["/" + one.name] = hashlib.sha256(content).hexdigest()
    return found, digest, manifest


def check_sbom(name, text, files):
    """Holds the SBOM against the files of the image."""
    sbom = json.loads(text)
    require(sbom["spdxVersion"] == "SPDX-2.3", "it is SPDX 2.3")
    packages = {one["SPDXID"]: one for one in sbom["packages"]}
    owners = {one["relatedSpdxElement"]: packages[one["spdxElementId"]]
              for one in sbom["relationships"] if one["relationshipType"] == "CONTAINS"}
    told = {one["fileName"].removeprefix("."): one for one in sbom["files"]}
    own = f"/usr/share/sbom/{name}.spdx.json"
    require(set(told) == set(files) - {own},
            f"the SBOM of {name} lacks or invents {set(told) ^ (set(files) - {own})}")
    for path, one in told.items():
        sums = {each["algorithm"]: each["checksumValue"] for each in one["checksums"]}
        require(sums["SHA256"] == files[path], f"{path} is another file")
        owner = owners[one["SPDXID"]]["name"]
        if path.startswith("/usr/lib"):
            # dpkg may know it by its name before /usr was merged.
            known = subprocess.run(["dpkg-query", "--search", f"*{path.removeprefix('/usr')}"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout
            require(re.search(rf"^{re.escape(owner)}(:\w+)?: ", known, re.MULTILINE),
                    f"{path} is not of {owner}: {known}")
    for one in packages.values():
        if one["supplier"] == "Organization: Debian":
            have = subprocess.run(
                ["dpkg-query", "--show", "--showformat=${Version}\n", one["name"]],
                stdout=subprocess.PIPE, text=True, check=True).stdout.split()
            require(one["versionInfo"] in have, f"{one['name']} is {have}")
            require(one["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/"),
                    f"{one['name']} has a package URL")
    return len(packages), len(told)


@case("image_reproducible", "two builds have one digest, are small, and say what is in them")
def image_reproducible(folder):
    values = {}
    with Podman(folder) as podman:
        again = folder / "again"
        references, output = podman.images()
        podman.run(f"--bin={BIN}", f"--output={again}", program=ROOT / "deploy/images/build")
        version = subprocess.check_output([BIN / "device/earshot-device", "--version"],
                                          text=True).split()[1]
        require(references == {f"localhost/earshot-{kind}:{version}" for kind in KINDS},
                f"the images are called {references}")
        for kind in KINDS:
            name = f"earshot-{kind}"
            files, digest, manifest = layer_files(output / f"{name}.oci.tar")
            other = layer_files(again / f"{name}.oci.tar")[1]
            require(digest == other, f"{name}: {digest}, then {other}")
            text = (output / f"{name}.spdx.json").read_text()
            require(hashlib.sha256(text.encode()).hexdigest()
                    == files[f"/usr/share/sbom/{name}.spdx.json"], "the SBOM is in the image, too")
            packages, count = check_sbom(name, text, files)
            shells = [path for path in files if re.search(r"/(ba|da)?sh$|busybox", path)]
            require(not shells, f"shells: {shells}")
            compressed = sum(layer["size"] for layer in manifest["layers"])
            require(compressed <= MOST_COMPRESSED, f"{name} has {compressed} bytes")
            values.update({f"{kind}_mb": round(compressed / 1e6, 1), f"{kind}_files": count,
                           f"{kind}_packages": packages})
    return values


def started(podman, name):
    return podman.inspect(name)["State"]["Status"] == "running"


@case("image_runs", "without root, with a read-only root; SIGTERM ends it; --help")
def image_runs(folder):
    socket = folder / "socket"
    socket.mkdir()
    socket.chmod(0o777)
    with Podman(folder) as podman:
        for kind in KINDS:
            told = podman.run("run", "--rm", "--network=none", podman.image(kind), "--help").stdout
            require(told.startswith(f"earshot-{kind} "), f"--help of {kind}: {told[:200]}")
        told = podman.run("run", "--rm", "--network=none", f"--entrypoint={HOOK}",
                          podman.image("device"), "--help").stdout
        require(told.startswith(HOOK.rpartition("/")[2]), f"--help of {HOOK}: {told[:200]}")
        strict = ("--network=none", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all",
                  "--security-opt=no-new-privileges")
        began = time.monotonic()
        podman.run("run", "--detach", "--name=server", *strict, f"--volume={socket}:/socket",
                   podman.image("server"), "--listen=unix:/socket/server.sock",
                   "--sink=wav:/socket/recordings")
        client = ReflectionClient(f"unix:{socket}/server.sock")
        await_condition(lambda: serves(client), "the server in a container serves")
        up = time.monotonic() - began
        pid = podman.inspect("server")["State"]["Pid"]
        status = dict(line.split(":\t", 1) for line in
                      open(f"/proc/{pid}/status", encoding="utf-8").read().splitlines()
                      if ":\t" in line)
        require(status["Uid"].split() == [str(UID)] * 4, f"its user is {status['Uid']}")
        require(int(status["CapEff"], 16) == 0, f"its capabilities are {status['CapEff']}")
        client.close()
        began = time.monotonic()
        podman.run("kill", "--signal=TERM", "server")
        code = podman.run("wait", "server").stdout.strip()
        down = time.monotonic() - began
        require(code == "0", f"it ended with {code}: {podman.run('logs', 'server').stderr}")
        require(down < 3, f"it took {down:.1f} s to end")
    return {"up_s": round(up, 2), "down_s": round(down, 2)}


def serves(client):
    try:
        client.await_ready(0.2)
        return client.call("grpc.health.v1.Health/Check")["status"] == "SERVING"
    except Exception:  # pylint: disable=broad-except
        return False
