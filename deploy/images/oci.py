"""An image in an OCI archive."""
import json
import tarfile


class Archive:
    """`digest` is its manifest's, `compressed` the bytes of its layers."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.digest = self._json(tar, "index.json")["manifests"][0]["digest"]
            manifest = self._json(tar, self._blob(self.digest))
            self.compressed = sum(layer["size"] for layer in manifest["layers"])
            self.config = self._json(tar, self._blob(manifest["config"]["digest"]))

    @staticmethod
    def _blob(digest):
        return "blobs/" + digest.replace(":", "/")

    @staticmethod
    def _json(tar, name):
        return json.load(tar.extractfile(name))
