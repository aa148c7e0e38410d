"""The root folder of an image, and where each of its files is from."""
import hashlib
from dataclasses import dataclass
from pathlib import Path

from . import debian

USER = "earshot"
UID = 65532  # what images without root commonly have
ACCOUNTS = {
    "/etc/passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\n"
                   f"{USER}:x:{UID}:{UID}:{USER}:/:/usr/sbin/nologin\n",
    "/etc/group": f"root:x:0:\naudio:x:29:{USER}\n{USER}:x:{UID}:\n",
    # glibc without it asks DNS for localhost.
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
CERTIFICATES = Path("/usr/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Placed:
    path: str  # in the image
    package: str  # Debian's, or "" for our own
    sha1: str
    sha256: str


class Root:
    """Fills `folder`; what has been placed is in `files`."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self.files = []
        self._folder.mkdir(parents=True)
        for link in ("lib", "lib64"):
            (self._folder / link).symlink_to("usr/" + link)
            self._make(Path("usr") / link)
        self._make(Path("tmp")).chmod(0o1777)

    def add_program(self, program):
        """One of ours, with the libraries that it loads."""
        self._place(Path("/usr/bin") / program.name, program.read_bytes(), "", 0o755)
        self.add_libraries(program)

    def add_libraries(self, program):
        self.add_files([path for path in debian.libraries(program)
                        if not self._at(debian.merged(path)).exists()])

    def add_files(self, paths):
        """Files of Debian's packages, at their own places."""
        owners = debian.owners(paths)
        for path in paths:
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            self._place(debian.merged(path), path.read_bytes(), owners[path], mode)

    def add_accounts(self):
        for path, text in ACCOUNTS.items():
            self._place(Path(path), text.encode(), "")

    def add_certificates(self):
        """Debian's bundle, whatever this machine believes in beside it."""
        bundle = b"".join(path.read_bytes() for path in debian.files("ca-certificates")
                          if CERTIFICATES in path.parents)
        self._place(Path(BUNDLE), bundle, "ca-certificates")

    def add_release(self):
        self.add_files([Path("/usr/lib/os-release")])
        (self._folder / "etc/os-release").symlink_to("../usr/lib/os-release")

    def add_package_records(self):
        """What scanners of images look for, and the licenses; returns the
        packages."""
        packages = debian.facts(sorted({placed.package for placed in self.files} - {""}))
        for package in packages:
            self._place(Path("/var/lib/dpkg/status.d") / package.name,
                        package.status.encode(), package.name)
            path = debian.copyright_file(package.name)
            self._place(path, path.read_bytes(), package.name)
        return packages

    def write(self, path, text):
        """A file that tells of the others, and is not in `files`."""
        place = self._at(Path(path))
        self._make(place.parent.relative_to(self._folder))
        place.write_text(text, encoding="utf-8")
        place.chmod(0o644)

    def _at(self, path):
        return self._folder / path.relative_to("/")

    def _make(self, folder):
        """A folder and those above it, for everybody to read."""
        for part in [*reversed(folder.parents), folder]:
            place = self._folder / part
            if not place.is_dir():
                place.mkdir()
            if part != Path("tmp"):
                place.chmod(0o755)
        return self._folder / folder

    def _place(self, path, content, package, mode=0o644):
        place = self._at(path)
        self._make(place.parent.relative_to(self._folder))
        place.write_bytes(content)
        place.chmod(mode)
        self.files.append(Placed(str(path), package, hashlib.sha1(content).hexdigest(),
                                 hashlib.sha256(content).hexdigest()))
