"""What kustomize makes of a folder of manifests."""
import shutil
import subprocess

from deploy.frame import Skip, require


def kustomize(folder):
    """Its manifests, as YAML."""
    if not shutil.which("kubectl"):
        raise Skip("kubectl is not there")
    done = subprocess.run(["kubectl", "kustomize", folder], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    require(done.returncode == 0, done.stderr)
    return done.stdout
