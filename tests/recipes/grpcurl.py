"""What a command line of grpcurl means, and the same call through buf, a
reflection client of its own, for where grpcurl is not packaged."""
import argparse
import dataclasses
import re
import shlex

COMMAND = re.compile(r"^    (grpcurl .*?)(?:   # ([A-Z_]+))?$", re.MULTILINE)


@dataclasses.dataclass
class Recipe:
    text: str
    refused: str  # the reason that is to be expected, or ""


def recipes(page):
    """Those of a page: indented lines, behind # the reason of a refusal."""
    return [Recipe(text, refused or "") for text, refused in COMMAND.findall(page)]


class Call:
    """One command line."""

    def __init__(self, text, environment):
        text = re.sub(r"\$(\w+)", lambda name: environment[name[1]], text)
        self.words = shlex.split(text)[1:]
        parser = argparse.ArgumentParser(prog="grpcurl", allow_abbrev=False)
        for flag in ("-plaintext", "-unix", "-emit-defaults"):
            parser.add_argument(flag, action="store_true")
        for flag in ("-cacert", "-cert", "-key", "-protoset", "-d"):
            parser.add_argument(flag)
        parser.add_argument("-max-time", type=float)
        parser.add_argument("-H", action="append", default=[])
        parser.add_argument("words", nargs="+")
        self.flags = parser.parse_intermixed_args(self.words)
        words = list(self.flags.words)
        verbs = ("list", "describe")
        self.address = None if words[0] in verbs else words.pop(0)
        self.verb = words.pop(0) if words and words[0] in verbs else "call"
        self.symbol = words.pop(0) if words else None
        if words or (self.verb == "call" and not (self.address and self.symbol)):
            raise ValueError(f"what does it want? {text}")

    def as_buf(self, host, server_name):
        """The words behind `buf`. The call goes to `host`, host:port or a
        socket's path, whatever the address of the recipe."""
        flags = self.flags
        words = ["curl", "--protocol", "grpc"]
        for name in ("cacert", "cert", "key"):
            if getattr(flags, name):
                words += [f"--{name}", getattr(flags, name)]
        for header in flags.H:
            words += ["--header", header]
        if flags.emit_defaults:
            words.append("--emit-defaults")
        if flags.protoset:
            words += ["--schema", flags.protoset + "#format=binpb"]
        if flags.max_time:
            words += ["--timeout", f"{flags.max_time}s"]
        if flags.unix:
            words += ["--unix-socket", host]
            host = "localhost"
        if not flags.plaintext and self.address:
            words += ["--servername", server_name]
        url = f"{'http' if flags.plaintext else 'https'}://{host}" if self.address else None
        if self.verb == "list":
            words.append("--list-methods" if self.symbol else "--list-services")
        else:
            words += ["--data", flags.d or "{}"]
            url += "/" + self.symbol
        return words + ([url] if url else [])
