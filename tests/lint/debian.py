"""What this release of Debian offers to the linters."""
import shutil


class Skipped(Exception):
    """A check that cannot run here; says why."""


def release():
    """Debian's version, e.g. "12"; empty on other systems."""
    with open("/etc/os-release", encoding="utf-8") as text:
        fields = dict(line.rstrip("\n").split("=", 1)
                      for line in text if "=" in line)
    is_debian = fields.get("ID") == "debian"
    return fields.get("VERSION_ID", "").strip('"') if is_debian else ""


def pinned(tool):
    """A tool of Debian 12, as its other versions judge differently; raises
    Skipped where there is none. On Debian 12 it must be there."""
    if not shutil.which(tool) and release() != "12":
        raise Skipped("only Debian 12 has {}".format(tool))
    return tool
