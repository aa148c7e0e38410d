#!/bin/bash
# shellcheck disable=SC2034
# The Debian packages that Earshot needs; sourced by install-deps. QEMU is
# there, too, as it needs a newer one than Debian 12's.

PACKAGES=(
  # The build.
  bazel-bootstrap g++ libc6-dev git
  libabsl-dev libgrpc++-dev libgrpc-dev libprotobuf-dev libprotoc-dev
  protobuf-compiler protobuf-compiler-grpc
  libopus-dev libogg-dev libsndfile1-dev libsoxr-dev libpulse-dev libasound2-dev
  libboost-dev libboost-program-options-dev libspdlog-dev prometheus-cpp-dev
  libseccomp-dev libcap-dev libssl-dev libcjose-dev libjansson-dev libpugixml-dev
  # Tests, sanitizers, linters.
  libgtest-dev libgmock-dev libbenchmark-dev libopusfile-dev libnghttp2-dev
  clang libclang-rt-dev clangd lld llvm zip shellcheck pyflakes3
  # The test guest and the programs that drive it.
  python3 python3-numpy python3-grpcio python3-protobuf
  cpio xz-utils zstd util-linux debootstrap e2fsprogs
  # Sound servers.
  pulseaudio pulseaudio-utils libasound2-plugins
  dbus-daemon pipewire pipewire-pulse wireplumber
  # What an operator sees: tests/monitoring.
  prometheus python3-yaml openssl
  # tests/browser.
  chromium
  # The bad network of tests/faults.
  vde2 vde-switch vde-wirefilter iproute2 libfaketime
  # Images, pods and units: tests/deploy.
  buildah podman runc catatonit netavark aardvark-dns iptables
  ca-certificates libasound2-data systemd
  libvirt-clients libvirt-daemon-driver-qemu libxml2-utils
)

# Each version of these judges differently, and Debian 13 has no 14.
PACKAGES_12=(
  clang-format-14 clang-tidy-14
)
