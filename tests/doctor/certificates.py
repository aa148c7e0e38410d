"""Certificates for the cases: good, expired, not valid yet, of another CA."""
import datetime
import subprocess

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
CONFIG = """
[ca]
default_ca = doctor
[doctor]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
"""


class Certificates:
    """Makes them in a folder, with openssl."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(CONFIG)
        for ca in ("ca", "other-ca"):
            self._openssl("req", "-x509", *EC, "-days", "3650", "-subj", f"/CN=Doctor's {ca}",
                          "-keyout", f"{ca}.key", "-out", f"{ca}.pem")

    def path(self, name):
        return str(self.folder / name)

    def make(self, name, alt_names, ca="ca", days=(-1, 90)):
        """Makes NAME.pem and NAME.key, valid from the one day to the other, from now on."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alt_names}\n")
        self._openssl("req", "-new", *EC, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                      "-out", f"{name}.csr")
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = ((now + datetime.timedelta(days=day)).strftime("%Y%m%d%H%M%SZ")
                      for day in days)
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", f"{ca}.pem",
                      "-keyfile", f"{ca}.key", "-extfile", f"{name}.ext", "-startdate", start,
                      "-enddate", end, "-in", f"{name}.csr", "-out", f"{name}.pem")

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
