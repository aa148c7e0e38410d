#include "device/device_flags.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <sstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

// As they stand on the command line.
struct Words {
  std::string codec;
  double frame_ms = 0;
  std::vector<std::string> labels;
};

po::options_description Options(DeviceFlags& flags, Words& words) {
  const CodecOptions defaults;
  po::options_description options("Flags", 100);
  // clang-format off
  options.add_options()
      ("socket", po::value(&flags.socket)->value_name("PATH"),
       "where the VMM connects: a vhost-user socket, made here")
      ("server", po::value(&flags.server)->value_name("ADDRESS")
                     ->default_value("localhost:50051"),
       "the playback service: host:port or unix:/path")
      ("vm", po::value(&flags.vm)->value_name("NAME"),
       "the VM's name at the service, whose stream is vms/NAME/streams/0")
      ("label", po::value(&words.labels)->value_name("KEY=VALUE")->composing(),
       "shown by the service; may be given up to 16 times")
      ("codec", po::value(&words.codec)->value_name("CODEC")
                    ->default_value("opus"),
       "opus, or pcm: lossless 16 bits for a fast network")
      ("frame-ms", po::value(&words.frame_ms)->value_name("MS")
                       ->default_value(defaults.packet_us / 1000.0, "10"),
       "sound in a packet: 2.5, 5, 10 or 20")
      ("bitrate", po::value(&flags.codec.bitrate_bps)->value_name("BPS")
                      ->default_value(defaults.bitrate_bps),
       "Opus, 6000 to 510000 bits per second; 0 means 64000 a channel")
      ("complexity", po::value(&flags.codec.complexity)->value_name("N")
                         ->default_value(defaults.complexity),
       "Opus, 0 to 10: more CPU for better sound")
      ("log-level", po::value(&flags.log_level)->value_name("LEVEL")
                        ->default_value("info"),
       "trace, debug, info, warning, error or off")
      ("help", po::bool_switch(&flags.help), "this text")
      ("version", po::bool_switch(&flags.version), "the version");
  // clang-format on
  return options;
}

absl::Status NotAllowed(const std::string& flag, const std::string& value,
                        const std::string& allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, ": ", allowed));
}

// vms/{vm}/streams/{id}: 1 to 63 of [A-Za-z0-9._-].
bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

absl::Status Take(const Words& words, DeviceFlags& flags) {
  if (flags.socket.empty()) {
    return absl::InvalidArgumentError(
        "--socket=PATH is needed: where the VMM connects");
  }
  if (flags.vm.empty()) {
    return absl::InvalidArgumentError(
        "--vm=NAME is needed: the VM's name at the service");
  }
  if (!IsName(flags.vm)) {
    return NotAllowed("vm", flags.vm, "1 to 63 of A-Z a-z 0-9 . _ -");
  }
  if (words.codec == "opus") {
    flags.codec.codec = AudioCodec::kOpus;
  } else if (words.codec == "pcm") {
    flags.codec.codec = AudioCodec::kPcmS16Le;
  } else {
    return NotAllowed("codec", words.codec, "must be opus or pcm");
  }
  const long packet_us =
      std::lrint(std::clamp(words.frame_ms, 0.0, 1000.0) * 1000);
  if (packet_us != 2500 && packet_us != 5000 && packet_us != 10000 &&
      packet_us != 20000) {
    return NotAllowed("frame-ms", absl::StrCat(words.frame_ms),
                      "must be 2.5, 5, 10 or 20");
  }
  flags.codec.packet_us = static_cast<int>(packet_us);
  const int bitrate = flags.codec.bitrate_bps;
  if (bitrate != 0 && (bitrate < 6000 || bitrate > 510000)) {
    return NotAllowed("bitrate", absl::StrCat(bitrate),
                      "must be 6000 to 510000 bits per second, or 0");
  }
  if (flags.codec.complexity < 0 || flags.codec.complexity > 10) {
    return NotAllowed("complexity", absl::StrCat(flags.codec.complexity),
                      "must be 0 to 10");
  }
  for (const std::string& label : words.labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || !IsName(label.substr(0, equals)) ||
        label.size() - equals - 1 > 63) {
      return NotAllowed("label", label,
                        "must be KEY=VALUE, each of at most 63 bytes");
    }
    flags.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (flags.labels.size() > 16) {
    return absl::InvalidArgumentError("--label: at most 16 of them");
  }
  const std::vector<std::string> levels = {"trace",   "debug", "info",
                                           "warning", "error", "off"};
  if (std::find(levels.begin(), levels.end(), flags.log_level) ==
      levels.end()) {
    return NotAllowed("log-level", flags.log_level,
                      "must be one of " + absl::StrJoin(levels, ", "));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeviceFlags> ParseDeviceFlags(int argc,
                                             const char* const* argv) {
  DeviceFlags flags;
  Words words;
  const po::options_description options = Options(flags, words);
  try {
    po::variables_map values;
    // No guessing: an abbreviation of today may be another flag of tomorrow.
    constexpr int kStyle = po::command_line_style::unix_style &
                           ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv)
                  .options(options)
                  .positional(po::positional_options_description())
                  .style(kStyle)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (flags.help || flags.version) return flags;
  if (absl::Status taken = Take(words, flags); !taken.ok()) return taken;
  return flags;
}

std::string DeviceUsage() {
  DeviceFlags flags;
  Words words;
  std::ostringstream text;
  text << "earshot-device --socket=PATH --vm=NAME [--server=ADDRESS] …\n"
          "A virtio sound card for one VM, played at a playback service.\n\n"
       << Options(flags, words);
  return text.str();
}

}  // namespace earshot
