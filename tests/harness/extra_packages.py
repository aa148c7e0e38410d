"""Debian packages that one rig alone wants: not among those of deploy/install-deps."""
import os
import subprocess


def install(listing):
    """Installs those that a file names, a line each, if that is allowed; what fails
    shows as missing."""
    names = [line for line in listing.read_text().splitlines() if not line.startswith("#")]
    print(f"installing {' '.join(names)}", flush=True)
    # No service of theirs shall start.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        subprocess.run(["apt-get", "-qq", *words], env=environment, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
