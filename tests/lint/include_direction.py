"""Who may include whom: the table of the design, and a check against it."""
import re

# The folder of a file -> what it may include from this repository. The longest
# matching folder counts.
MAY_INCLUDE = {
    "client": ["client", "flags", "proto"],
    "client/cli": ["client", "codec", "flags", "proto", "sinks"],
    "codec": ["codec"],
    "device/virtio": ["device/virtio"],
    "device/vhost_user": ["device/vhost_user", "device/virtio"],
    "device/sound": ["device/sound", "device/virtio"],
    "device": ["device", "client", "flags", "metrics"],
    "device/health": ["device", "metrics", "proto/grpc"],
    "flags": ["flags"],
    "metrics": ["metrics"],
    "server": ["codec", "server", "flags", "metrics", "proto", "sinks"],
    "sinks": ["codec", "sinks"],
    "tests": ["client", "codec", "device", "metrics", "proto", "server", "sinks",
              "tests"],
    "deploy/kubevirt": ["deploy/kubevirt", "flags"],
    "bazel": [],
}

OURS = {"bazel", "client", "codec", "deploy", "device", "flags", "metrics",
        "proto", "server", "sinks", "tests"}

# Libraries that never appear where the guest is spoken to.
FOREIGN = re.compile(r"^(grpc|grpcpp|opus|google/protobuf)\b")
WITHOUT_FOREIGN = ["device/virtio", "device/vhost_user", "device/sound"]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def _within(path, folder):
    return path.startswith(folder + "/")


def _rule(path, folders):
    matching = [folder for folder in folders if _within(path, folder)]
    return max(matching, key=len) if matching else None


def violations(path, text):
    """Yields what is wrong with the includes of the file `path`."""
    folder = _rule(path, MAY_INCLUDE)
    if folder is None:
        yield "{}: its folder is not in the table of include_direction.py".format(path)
        return
    for quoted, system in INCLUDE.findall(text):
        header = quoted or system
        # What tests and fuzz targets share belongs to the build, as their macro
        # does; it is testonly there.
        if header in ("bazel/fuzz_input.h", "bazel/temporary_folder.h"):
            continue
        if header.split("/")[0] in OURS:
            if not any(_within(header, other) for other in MAY_INCLUDE[folder]):
                yield "{}: {} may not include {}".format(path, folder, header)
        elif folder in WITHOUT_FOREIGN and FOREIGN.match(header):
            yield "{}: {} may not include {}".format(path, folder, header)
