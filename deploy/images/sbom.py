"""What an image is made of, as SPDX 2.3 in JSON."""
import hashlib
import json
import re
import time
import urllib.parse

LICENSE = "Apache-2.0"


def _id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def _file_id(placed):
    return _id("File", placed.path.lstrip("/"))


def _verification_code(files):
    """Clause 7.9: of what is there of the package."""
    return hashlib.sha1("".join(sorted(file.sha1 for file in files)).encode()).hexdigest()


def _package(identity, files, **more):
    return {
        "SPDXID": identity,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": _verification_code(files)},
        "licenseConcluded": "NOASSERTION",
        "licenseInfoFromFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
        **more,
    }


def _debian_package(package, files, release):
    name, version = (urllib.parse.quote(word, safe="") for word in (package.name, package.version))
    return _package(
        _id("Package", package.name), files, name=package.name, versionInfo=package.version,
        supplier="Organization: Debian", licenseDeclared="NOASSERTION",
        sourceInfo=f"Debian source package {package.source} {package.source_version}",
        externalRefs=[{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={package.architecture}"
                                f"&distro=debian-{release}"}],
        **({"homepage": package.homepage} if package.homepage else {}))


def _own_package(name, version, files):
    return _package(_id("Package", name), files, name=name, versionInfo=version,
                    supplier="Organization: Earshot", licenseDeclared=LICENSE)


def document(name, version, files, packages, release, epoch):
    """Text. Each of `files` belongs to one of `packages`, or to the program itself;
    `epoch` is the time that it is to tell, in seconds since 1970."""
    owned = {}
    for placed in files:
        owned.setdefault(placed.package, []).append(placed)
    all_packages = [_own_package(name, version, owned.get("", []))] + [
        _debian_package(package, owned[package.name], release) for package in packages]
    identities = {"": _id("Package", name),
                  **{package.name: _id("Package", package.name) for package in packages}}
    content = hashlib.sha256("".join(file.path + file.sha256 for file in files).encode())
    relationships = [("SPDXRef-DOCUMENT", "DESCRIBES", identities[""])]
    relationships += [(identities[""], "DEPENDS_ON", identities[package.name])
                      for package in packages]
    relationships += [(identities[placed.package], "CONTAINS", _file_id(placed))
                      for placed in files]
    return json.dumps({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}",
        "documentNamespace": f"https://earshot.dev/spdx/{name}-{version}-{content.hexdigest()}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "creators": ["Tool: earshot-deploy-images-build"]},
        "packages": all_packages,
        "files": [{
            "SPDXID": _file_id(placed),
            "fileName": "." + placed.path,
            "checksums": [{"algorithm": "SHA1", "checksumValue": placed.sha1},
                          {"algorithm": "SHA256", "checksumValue": placed.sha256}],
            "licenseConcluded": "NOASSERTION",
            "licenseInfoInFiles": ["NOASSERTION"],
            "copyrightText": "NOASSERTION",
        } for placed in files],
        "relationships": [{"spdxElementId": one, "relationshipType": kind,
                           "relatedSpdxElement": other} for one, kind, other in relationships],
    }, indent=1) + "\n"
