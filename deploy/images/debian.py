"""What this machine's Debian packages know of its files."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


class NotFromDebian(Exception):
    """Something that an image needs is in no package, or is not there."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    homepage: str
    status: str  # its paragraph of dpkg's database


def libraries(program):
    """The shared libraries that a program loads, with the loader, as paths."""
    done = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0 or "not found" in done.stdout:
        raise NotFromDebian(f"ldd {program}: {done.stdout.strip()}")
    return sorted({Path(path) for path in re.findall(r"(/\S+) \(0x", done.stdout)})


def merged(path):
    """The same file's name in /usr: /lib and /lib64 are links to there."""
    return Path(os.path.realpath(path.parent)) / path.name


def owners(paths):
    """{path: name of the package}; a path may be known by its name before /usr
    was merged."""
    names = {}
    for path in paths:
        names[str(merged(path))] = path
        names[str(merged(path)).removeprefix("/usr")] = path
        names[str(path)] = path
    found = {}
    done = subprocess.run(["dpkg-query", "--search", *names], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    for line in done.stdout.splitlines():
        package, _, path = line.partition(": ")
        if path in names:
            found[names[path]] = package.partition(":")[0]
    for path in paths:
        if path not in found:
            raise NotFromDebian(f"no package owns {path}")
    return found


def files(package):
    """The files that a package holds, as paths."""
    done = subprocess.run(["dpkg-query", "--listfiles", package], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise NotFromDebian(f"the package {package} is missing: apt-get install {package}")
    return sorted(path for path in map(Path, done.stdout.splitlines()) if path.is_file())


def copyright_file(package):
    return Path("/usr/share/doc") / package / "copyright"


def facts(names):
    """Packages by name, as they are installed for this machine."""
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat",
         "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t"
         "${Homepage}\n", *names],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise NotFromDebian(done.stderr.strip())
    told = subprocess.run(["dpkg-query", "--status", *names], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    records = {}
    for record in told.strip().split("\n\n"):
        fields = dict(re.findall(r"^(Package|Architecture): (.*)$", record, re.MULTILINE))
        records[fields["Package"], fields["Architecture"]] = record + "\n"
    found = {}
    for line in done.stdout.splitlines():
        fields = line.split("\t")
        if fields[2] in (architecture, "all"):
            found[fields[0]] = Package(*fields, records[fields[0], fields[2]])
    return [found[name] for name in names]


def release():
    """The fields of /etc/os-release."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
