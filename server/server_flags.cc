#include "server/server_flags.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

constexpr int kMinMarginMs = 5;
constexpr int kMaxMarginMs = 500;  // architecture, the control law's ceiling
constexpr absl::Duration kMaxDrain = absl::Hours(24);

// As they stand on the command line: the rules are ours, and so are the words
// about them.
struct Words {
  std::string target_margin_ms;
  std::string drain_timeout;
  std::string log_level;
  std::string log_format;
};

po::options_description Options(ServerFlags& flags, Words& words) {
  po::options_description options("Flags", 100);
  // clang-format off
  options.add_options()
      ("listen", po::value(&flags.listen)->value_name("ADDRESS[,ADDRESS…]")
                     ->default_value("localhost:50051"),
       "where clients connect: host:port or unix:/path")
      ("sink", po::value(&flags.sink)->value_name("SINK")
                   ->default_value("null"),
       "where the sound goes: null, or wav:DIR for a recording of each epoch")
      ("target-margin-ms", po::value(&words.target_margin_ms)
                               ->value_name("MS")->default_value("40"),
       "how long before they are due packets should arrive, 5 to 500")
      ("drain-timeout", po::value(&words.drain_timeout)->value_name("TIME")
                            ->default_value("5s"),
       "how long to play on after SIGTERM, such as 5s or 500ms")
      ("log-level", po::value(&words.log_level)->value_name("LEVEL")
                        ->default_value("info"),
       "debug, info, warn, error or off")
      ("log-format", po::value(&words.log_format)->value_name("FORMAT")
                         ->default_value("text"),
       "text or json, to the standard error")
      ("help", po::bool_switch(&flags.help), "this text")
      ("version", po::bool_switch(&flags.version), "the version");
  // clang-format on
  return options;
}

absl::Status NotAllowed(absl::string_view flag, absl::string_view value,
                        absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, ": must be ", allowed));
}

absl::Status Take(const Words& words, ServerFlags& flags) {
  int margin_ms = 0;
  if (!absl::SimpleAtoi(words.target_margin_ms, &margin_ms) ||
      margin_ms < kMinMarginMs || margin_ms > kMaxMarginMs) {
    return NotAllowed("target-margin-ms", words.target_margin_ms, "5 to 500");
  }
  flags.target_margin = std::chrono::milliseconds(margin_ms);
  absl::Duration drain;
  if (!absl::ParseDuration(words.drain_timeout, &drain) ||
      drain < absl::ZeroDuration() || drain > kMaxDrain) {
    return NotAllowed("drain-timeout", words.drain_timeout,
                      "a time such as 5s or 500ms, up to 24h");
  }
  flags.drain_timeout = absl::ToChronoMilliseconds(drain);
  flags.log_level = spdlog::level::from_str(words.log_level);
  if (flags.log_level == spdlog::level::off && words.log_level != "off") {
    return NotAllowed("log-level", words.log_level,
                      "debug, info, warn, error or off");
  }
  if (words.log_format != "text" && words.log_format != "json") {
    return NotAllowed("log-format", words.log_format, "text or json");
  }
  flags.log_json = words.log_format == "json";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerFlags> ParseServerFlags(
    const std::vector<std::string>& arguments) {
  ServerFlags flags;
  Words words;
  const po::options_description options = Options(flags, words);
  try {
    po::variables_map values;
    // No guessing: an abbreviation of today may be another flag of tomorrow.
    constexpr int kStyle = po::command_line_style::unix_style &
                           ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments)
                  .options(options)
                  .positional(po::positional_options_description())
                  .style(kStyle)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(error.what(),
                     "; allowed are --listen, --sink, --target-margin-ms, "
                     "--drain-timeout, --log-level, --log-format, --help and "
                     "--version"));
  }
  if (flags.help || flags.version) return flags;
  if (absl::Status taken = Take(words, flags); !taken.ok()) return taken;
  return flags;
}

std::string ServerHelp() {
  ServerFlags flags;
  Words words;
  std::ostringstream text;
  text << "earshot-server [--listen=ADDRESS] [--sink=SINK] …\n"
          "Plays the sound of virtual machines.\n\n"
       << Options(flags, words)
       << "\nSIGTERM or SIGINT: plays what is under way, then exits; a second "
          "one exits at once.\nReflection is on: grpcurl -plaintext "
          "localhost:50051 list\n";
  return text.str();
}

}  // namespace earshot
