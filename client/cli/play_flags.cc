#include "client/cli/play_flags.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

// As they stand on the command line.
struct Words {
  std::string raw;
  std::vector<std::string> files;
};

po::options_description Options(const PlayDefaults& defaults, PlayFlags& flags,
                                Words& words) {
  po::options_description options("Flags", 100);
  flags.playback.AddTo(options, defaults.server, defaults.vm);
  // clang-format off
  options.add_options()
      ("stream", po::value(&flags.stream)->value_name("ID")->default_value(0),
       "another stream of the VM than vms/NAME/streams/0")
      ("raw", po::value(&words.raw)->value_name("RATE:CHANNELS"),
       "the input has no header: signed 16 bits, little-endian")
      ("verbose", po::bool_switch(&flags.verbose), "log to standard error")
      ("help", po::bool_switch(&flags.help), "this text");
  // clang-format on
  return options;
}

absl::Status TakeRaw(const std::string& raw, PlayFlags& flags) {
  if (raw.empty()) return absl::OkStatus();
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(raw, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(parts.first, &flags.raw_rate_hz) ||
      !absl::SimpleAtoi(parts.second, &flags.raw_channels) ||
      flags.raw_rate_hz < 1000 || flags.raw_rate_hz > 192000 ||
      flags.raw_channels < 1 || flags.raw_channels > 8) {
    return NotAllowed("raw", raw,
                      "must be a rate of 1000 to 192000 and 1 to 8 channels, "
                      "such as 48000:2");
  }
  return absl::OkStatus();
}

absl::Status Take(const Words& words, PlayFlags& flags) {
  if (words.files.size() != 1) {
    return absl::InvalidArgumentError(
        "one file is needed, or - for standard input: earshot play FILE.wav");
  }
  flags.file = words.files[0];
  if (flags.stream < 0) {
    return NotAllowed("stream", absl::StrCat(flags.stream),
                      "must be 0 to 2147483647");
  }
  if (absl::Status s = flags.playback.Check(); !s.ok()) return s;
  return TakeRaw(words.raw, flags);
}

}  // namespace

absl::StatusOr<PlayFlags> ParsePlayFlags(
    const std::vector<std::string>& arguments, const PlayDefaults& defaults) {
  PlayFlags flags;
  Words words;
  po::options_description all = Options(defaults, flags, words);
  all.add_options()("file", po::value(&words.files));
  po::positional_options_description positional;
  positional.add("file", -1);
  absl::Status status = ParseCommandLine(arguments, all, positional);
  if (!status.ok()) return status;
  if (flags.help) return flags;
  status = Take(words, flags);
  if (!status.ok()) return status;
  return flags;
}

std::string PlayUsage(const PlayDefaults& defaults) {
  PlayFlags flags;
  Words words;
  std::ostringstream text;
  text << "earshot play FILE.wav|- [flags]\n"
          "Plays a file at the playback service, at its pace, as a VM would.\n"
          "Opus takes 8, 12, 16, 24 and 48 kHz; other rates are resampled to "
          "48 kHz.\n--codec=pcm takes any rate as it is. Up to 8 channels.\n\n"
       << Options(defaults, flags, words)
       << "\n$EARSHOT_SERVER is the default of --server."
       << "\nExit codes: 0 all was played, or you stopped it; 1 not all was "
          "played; 2 usage.\n";
  return text.str();
}

}  // namespace earshot
