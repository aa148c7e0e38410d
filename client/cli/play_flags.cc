#include "client/cli/play_flags.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

absl::Status TakeRaw(PlayFlags& flags) {
  if (flags.raw.empty()) return absl::OkStatus();
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(flags.raw, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(parts.first, &flags.raw_rate_hz) ||
      !absl::SimpleAtoi(parts.second, &flags.raw_channels) ||
      flags.raw_rate_hz < 1000 || flags.raw_rate_hz > 192000 ||
      flags.raw_channels < 1 || flags.raw_channels > 8) {
    return NotAllowed("raw", flags.raw,
                      "must be a rate of 1000 to 192000 and 1 to 8 channels, "
                      "such as 48000:2");
  }
  return absl::OkStatus();
}

}  // namespace

void PlayFlags::AddTo(po::options_description& options,
                      const std::string& default_server,
                      const std::string& default_vm) {
  playback.AddTo(options, default_server, default_vm);
  // clang-format off
  options.add_options()
      ("stream", po::value(&stream)->value_name("ID")->default_value(0),
       "another stream of the VM than vms/NAME/streams/0")
      ("raw", po::value(&raw)->value_name("RATE:CHANNELS"),
       "the input has no header: signed 16 bits, little-endian")
      ("verbose", po::bool_switch(&verbose), "log to standard error");
  // clang-format on
}

absl::Status PlayFlags::Take(const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return absl::InvalidArgumentError(
        "one file is needed, or - for standard input: earshot play FILE.wav");
  }
  file = words[0];
  if (stream < 0) {
    return NotAllowed("stream", absl::StrCat(stream),
                      "must be 0 to 2147483647");
  }
  if (absl::Status s = playback.Check(); !s.ok()) return s;
  return TakeRaw(*this);
}

}  // namespace earshot
