"""Earshot's version, for every program: `local_defines = VERSION_DEFINES`."""

VERSION = "0.1.0"

VERSION_DEFINES = ["EARSHOT_VERSION=\\\"%s\\\"" % VERSION]
