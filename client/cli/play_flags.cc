#include "client/cli/play_flags.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

// As they stand on the command line.
struct Words {
  std::string codec;
  double frame_ms = 0;
  std::string raw;
  std::vector<std::string> files;
};

po::options_description Options(const PlayDefaults& defaults, PlayFlags& flags,
                                Words& words) {
  const CodecOptions codec;
  po::options_description options("Flags", 100);
  // clang-format off
  options.add_options()
      ("server", po::value(&flags.server)->value_name("ADDRESS")
                     ->default_value(defaults.server),
       "the playback service: host:port or unix:/path; $EARSHOT_SERVER")
      ("vm", po::value(&flags.vm)->value_name("NAME")
                 ->default_value(defaults.vm),
       "who plays: the stream is vms/NAME/streams/ID")
      ("stream", po::value(&flags.stream)->value_name("ID")->default_value(0),
       "a number")
      ("codec", po::value(&words.codec)->value_name("CODEC")
                    ->default_value("opus"),
       "opus, or pcm: lossless 16 bits for a fast network")
      ("frame-ms", po::value(&words.frame_ms)->value_name("MS")
                       ->default_value(codec.packet_us / 1000.0, "10"),
       "sound in a packet: 2.5, 5, 10 or 20")
      ("bitrate", po::value(&flags.codec.bitrate_bps)->value_name("BPS")
                      ->default_value(codec.bitrate_bps),
       "Opus, 6000 to 510000 bits per second; 0 means 64000 a channel")
      ("complexity", po::value(&flags.codec.complexity)->value_name("N")
                         ->default_value(codec.complexity),
       "Opus, 0 to 10: more CPU for better sound")
      ("raw", po::value(&words.raw)->value_name("RATE:CHANNELS"),
       "the input has no header: signed 16 bits, little-endian")
      ("verbose", po::bool_switch(&flags.verbose), "log to standard error")
      ("help", po::bool_switch(&flags.help), "this text");
  // clang-format on
  return options;
}

absl::Status NotAllowed(absl::string_view flag, absl::string_view value,
                        absl::string_view allowed) {
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

absl::Status TakeCodec(const Words& words, CodecOptions& codec) {
  if (words.codec == "opus") {
    codec.codec = AudioCodec::kOpus;
  } else if (words.codec == "pcm") {
    codec.codec = AudioCodec::kPcmS16Le;
  } else {
    return NotAllowed("codec", words.codec, "must be opus or pcm");
  }
  const auto packet_us = static_cast<int>(
      std::lrint(std::clamp(words.frame_ms, 0.0, 1000.0) * 1000));
  if (packet_us != 2500 && packet_us != 5000 && packet_us != 10000 &&
      packet_us != 20000) {
    return NotAllowed("frame-ms", absl::StrCat(words.frame_ms),
                      "must be 2.5, 5, 10 or 20");
  }
  codec.packet_us = packet_us;
  if (codec.bitrate_bps != 0 &&
      (codec.bitrate_bps < 6000 || codec.bitrate_bps > 510000)) {
    return NotAllowed("bitrate", absl::StrCat(codec.bitrate_bps),
                      "must be 6000 to 510000 bits per second, or 0");
  }
  if (codec.complexity < 0 || codec.complexity > 10) {
    return NotAllowed("complexity", absl::StrCat(codec.complexity),
                      "must be 0 to 10");
  }
  return absl::OkStatus();
}

absl::Status TakeRaw(const std::string& raw, PlayFlags& flags) {
  if (raw.empty()) return absl::OkStatus();
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(raw, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(parts.first, &flags.raw_rate_hz) ||
      !absl::SimpleAtoi(parts.second, &flags.raw_channels) ||
      flags.raw_rate_hz < 1000 || flags.raw_rate_hz > 192000 ||
      flags.raw_channels < 1 || flags.raw_channels > 2) {
    return NotAllowed("raw", raw,
                      "must be a rate of 1000 to 192000 and 1 or 2 channels, "
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
  if (!IsName(flags.vm)) {
    return NotAllowed("vm", flags.vm, "must be 1 to 63 of A-Z a-z 0-9 . _ -");
  }
  if (flags.stream < 0) {
    return NotAllowed("stream", absl::StrCat(flags.stream),
                      "must be 0 to 2147483647");
  }
  if (absl::Status s = TakeCodec(words, flags.codec); !s.ok()) return s;
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
  try {
    po::variables_map values;
    // No guessing: an abbreviation of today may be another flag of tomorrow.
    constexpr int kStyle = po::command_line_style::unix_style &
                           ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(positional)
                  .style(kStyle)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        error.what(),
        ": allowed are --server --vm --stream --codec --frame-ms --bitrate "
        "--complexity --raw --verbose --help"));
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(error.what(), " (see earshot help play)"));
  }
  if (flags.help) return flags;
  if (absl::Status status = Take(words, flags); !status.ok()) return status;
  return flags;
}

std::string PlayUsage(const PlayDefaults& defaults) {
  PlayFlags flags;
  Words words;
  std::ostringstream text;
  text << "earshot play FILE.wav|- [flags]\n"
          "Plays a file at the playback service, at its pace, as a VM would.\n"
          "Opus takes 8, 12, 16, 24 and 48 kHz; --codec=pcm takes any rate.\n\n"
       << Options(defaults, flags, words)
       << "\nExit codes: 0 all was played, or you stopped it; 1 not all was "
          "played; 2 usage.\n";
  return text.str();
}

}  // namespace earshot
