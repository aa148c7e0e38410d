#include "device/device_flags.h"

#include <boost/program_options.hpp>
#include <sstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

// The contract's bounds of Open.labels.
constexpr size_t kMaxLabels = 16;
constexpr size_t kMaxLabelBytes = 63;

// Linux has room for 16 buffers of a stream, a VMM's TX ring for 64 and more.
constexpr int kMaxStreams = 8;

// As they stand on the command line.
struct Words {
  std::string socket_fd;
  std::vector<std::string> labels;
  std::string jack;
  std::string on_release;
  std::string controls;
  std::string sandbox;
};

po::options_description Options(DeviceFlags& flags, Words& words) {
  po::options_description options("Flags", 100);
  options.add_options()(
      "socket", po::value(&flags.socket)->value_name("PATH"),
      "where the VMM connects: a vhost-user socket, made here")(
      "socket-fd", po::value(&words.socket_fd)->value_name("N"),
      "the same, inherited: a unix socket that listens already; systemd's "
      "socket activation needs neither flag");
  flags.playback.AddTo(options, "localhost:50051", "");
  flags.offer.AddTo(options);
  // clang-format off
  options.add_options()
      ("label", po::value(&words.labels)->value_name("KEY=VALUE")->composing(),
       "shown by the service; may be given up to 16 times")
      ("streams", po::value(&flags.streams)->value_name("N")
                      ->default_value(1),
       "how many playback streams the card has, 1 to 8: PCM devices in the "
       "guest, each played as a stream of its own")
      ("jack", po::value(&words.jack)->value_name("WHAT")->default_value("on"),
       "whether the guest sees a line-out jack for each stream, plugged in "
       "while the service is there: on or off")
      ("on-release", po::value(&words.on_release)->value_name("WHAT")
                         ->default_value("drain"),
       "what the guest has queued when it closes its stream: drain plays it, "
       "drop cuts it off, as a sound card does")
      ("controls", po::value(&words.controls)->value_name("on|off")
                       ->default_value("off"),
       "a volume and a mute switch in the guest's mixer; the VMM has to know "
       "of them: QEMU's device takes controls=on")
      ("sandbox", po::value(&words.sandbox)->value_name("on|off")
                      ->default_value("on"),
       "locked up once the socket listens: no privileges, no writing of files, "
       "only the system calls it needs")
      ("user", po::value(&flags.user)->value_name("NAME[:GROUP]"),
       "whom to run as, if root starts it; the socket is then theirs")
      ("metrics", po::value(&flags.metrics)->value_name("HOST:PORT"),
       "answers Prometheus there, at /metrics, such as localhost:9465; by plain "
       "HTTP to whoever asks, so only where those are who may know")
      ("health", po::value(&flags.health)->value_name("ADDRESS"),
       "answers probes there, at HOST:PORT or unix:/path: gRPC's health service, "
       "in plaintext, with liveness, readiness, startup and service");
  // clang-format on
  flags.program.AddTo(options);
  return options;
}

absl::Status Take(const Words& words, DeviceFlags& flags) {
  if (!words.socket_fd.empty()) {
    int fd = -1;
    if (!absl::SimpleAtoi(words.socket_fd, &fd) || fd < 0) {
      return NotAllowed("socket-fd", words.socket_fd,
                        "must be the number of an open descriptor");
    }
    if (!flags.socket.empty()) {
      return absl::InvalidArgumentError(
          "--socket and --socket-fd: one of them, not both");
    }
    flags.socket_fd = fd;
  }
  if (absl::Status s = flags.playback.Check(); !s.ok()) return s;
  if (absl::Status s = flags.offer.Check(); !s.ok()) return s;
  if (flags.streams < 1 || flags.streams > kMaxStreams) {
    return NotAllowed("streams", std::to_string(flags.streams),
                      "must be 1 to 8");
  }
  if (absl::Status s = CheckWord("jack", words.jack, {"on", "off"}); !s.ok()) {
    return s;
  }
  flags.jacks = words.jack == "on";
  if (absl::Status s =
          CheckWord("on-release", words.on_release, {"drain", "drop"});
      !s.ok()) {
    return s;
  }
  flags.drop_on_release = words.on_release == "drop";
  if (absl::Status s = CheckWord("controls", words.controls, {"on", "off"});
      !s.ok()) {
    return s;
  }
  flags.controls = words.controls == "on";
  for (const std::string& label : words.labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || !IsName(label.substr(0, equals)) ||
        label.size() - equals - 1 > kMaxLabelBytes) {
      return NotAllowed("label", label,
                        "must be KEY=VALUE, each of at most 63 bytes");
    }
    flags.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (flags.labels.size() > kMaxLabels) {
    return absl::InvalidArgumentError("--label: at most 16 of them");
  }
  if (absl::Status s = CheckWord("sandbox", words.sandbox, {"on", "off"});
      !s.ok()) {
    return s;
  }
  flags.sandbox = words.sandbox == "on";
  if (!flags.user.empty() && !flags.sandbox) {
    return absl::InvalidArgumentError("--user is a part of --sandbox=on");
  }
  return flags.program.Check();
}

}  // namespace

absl::StatusOr<DeviceFlags> ParseDeviceFlags(int argc,
                                             const char* const* argv) {
  DeviceFlags flags;
  Words words;
  const po::options_description options = Options(flags, words);
  absl::Status status = ParseCommandLine({argv + 1, argv + argc}, options, {});
  if (!status.ok()) return status;
  if (flags.program.help || flags.program.version) return flags;
  status = Take(words, flags);
  if (!status.ok()) return status;
  return flags;
}

std::string DeviceUsage() {
  DeviceFlags flags;
  Words words;
  std::ostringstream text;
  text << "earshot-device --socket=PATH|--socket-fd=N --vm=NAME "
          "[--server=ADDRESS] …\n"
          "A virtio sound card for one VM, played at a playback service.\n\n"
       << Options(flags, words)
       << "\nSIGTERM or SIGINT: plays what is under way, then exits; a second "
          "one "
          "exits at once.\n"
          "Exit codes: 0 it was ended; 1 it did not work, and standard error "
          "says why; 2 usage.\n";
  return text.str();
}

}  // namespace earshot
