"""What tests take from npm, at the versions of their lock files."""
import hashlib
import os
import pathlib
import shutil
import subprocess

LINT = pathlib.Path(__file__).resolve().parent.parent / "lint"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or
                     pathlib.Path.home() / ".cache") / "earshot"


def folder(suite=LINT):
    """Where they are, installed once for each lock file."""
    lock = (suite / "package-lock.json").read_bytes()
    place = CACHE / suite.name / hashlib.sha256(lock).hexdigest()[:16]
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(suite / name, place)
        subprocess.run(
            # Not `npm ci`: it insists on the optional packages of every other
            # system. The versions and hashes are the lock file's all the same.
            ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit",
             "--no-fund", "--silent"], cwd=place, check=True)
        (place / "done").touch()
    return place / "node_modules"


def buf():
    return folder() / "@bufbuild/buf/bin/buf"
