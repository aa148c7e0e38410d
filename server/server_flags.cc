#include "server/server_flags.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

constexpr int kMinMarginMs = 1;
constexpr int kMaxMarginMs = 500;  // architecture, the control law's ceiling
constexpr absl::Duration kMaxResume = absl::Minutes(10);
constexpr absl::Duration kMaxDrain = absl::Hours(24);

// As they stand on the command line: the rules are ours, and so are the words
// about them.
struct Words {
  std::string margin_floor_ms;
  std::string low_latency_margin_floor_ms;
  std::string margin_ceiling_ms;
  std::string margin_start_ms;
  std::string resume_timeout;
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
       "where the sound goes: null, wav:DIR for a recording of each epoch,\n"
       "pulse[:SINK] for a sound server, or alsa[:PCM] for a sound card")
      ("margin-floor-ms", po::value(&words.margin_floor_ms)
                              ->value_name("MS")->default_value("10"),
       "how long before they are due packets should arrive at least, 1 to 500;\n"
       "the more the network's delay varies, the more it becomes")
      ("low-latency-margin-floor-ms",
       po::value(&words.low_latency_margin_floor_ms)
           ->value_name("MS")->default_value("6"),
       "the same for clients that ask for the least delay")
      ("margin-ceiling-ms", po::value(&words.margin_ceiling_ms)
                                ->value_name("MS")->default_value("500"),
       "and how long at most")
      ("margin-start-ms", po::value(&words.margin_start_ms)
                              ->value_name("MS")->default_value("20"),
       "the same before anything is known of the network; half of it for clients\n"
       "that ask for the least delay")
      ("resume-timeout", po::value(&words.resume_timeout)->value_name("TIME")
                             ->default_value("10s"),
       "how long a stream whose connection broke waits for its client")
      ("drain-timeout", po::value(&words.drain_timeout)->value_name("TIME")
                            ->default_value("5s"),
       "how long to play on after SIGTERM, such as 5s or 500ms")
      ("tls-cert", po::value(&flags.transport.certificate_file)
                       ->value_name("FILE"),
       "encrypts connections over TCP: the server's certificate and those that\n"
       "lead to its root, in PEM format; when it or a file below changes, it is\n"
       "read again, and connections that stand go on")
      ("tls-key", po::value(&flags.transport.key_file)->value_name("FILE"),
       "its private key")
      ("tls-client-ca", po::value(&flags.transport.client_ca_file)
                            ->value_name("FILE"),
       "wants certificates of clients, signed by one of these; with --tokens or\n"
       "--jwks they may have none, but not a wrong one")
      ("insecure", po::bool_switch(&flags.transport.insecure),
       "plaintext also where other machines can connect, which else needs\n"
       "--tls-cert")
      ("policy", po::value(&flags.access.policy)->value_name("FILE"),
       "who may do what, and how much, in Protobuf's text format, such as\n"
       "grant { principal: \"spiffe://example.org/vm/*\" player: \"{*}\" };\n"
       "without it everybody may do everything. This and the files below are read again when they change, and on SIGHUP")
      ("tokens", po::value(&flags.access.tokens)->value_name("FILE"),
       "bearer tokens: lines of SUBJECT sha256:HEX, HEX as printf %s TOKEN | sha256sum says it")
      ("jwks", po::value(&flags.access.jwks)->value_name("FILE"),
       "public keys that JSON Web Tokens may be signed by, as JWKS")
      ("jwt-issuer", po::value(&flags.access.jwt_issuer)->value_name("ISS"),
       "and which issuer they have to name")
      ("jwt-audience", po::value(&flags.access.jwt_audience)->value_name("AUD"),
       "and which audience")
      ("check-config", po::bool_switch(&flags.check_config),
       "checks the other flags and their files, says in words what they mean (TLS,\n"
       "who may do what), and exits: 1 if one is wrong, else 0, with warnings or without")
      ("metrics", po::value(&flags.metrics)->value_name("HOST:PORT"),
       "answers Prometheus there, at /metrics, such as localhost:9464; by plain\n"
       "HTTP to whoever asks, so only where those are who may know")
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

absl::Status TakeMargin(absl::string_view flag, const std::string& word,
                        std::chrono::milliseconds& margin) {
  int ms = 0;
  if (!absl::SimpleAtoi(word, &ms) || ms < kMinMarginMs || ms > kMaxMarginMs) {
    return NotAllowed(flag, word,
                      absl::StrCat(kMinMarginMs, " to ", kMaxMarginMs));
  }
  margin = std::chrono::milliseconds(ms);
  return absl::OkStatus();
}

absl::Status TakeMargins(const Words& words, MarginLimits& margin) {
  const struct {
    const char* flag;
    const std::string& word;
    std::chrono::milliseconds& margin;
    bool is_floor;
  } kMargins[] = {
      {"margin-ceiling-ms", words.margin_ceiling_ms, margin.ceiling, false},
      {"margin-start-ms", words.margin_start_ms, margin.start, false},
      {"margin-floor-ms", words.margin_floor_ms, margin.floor, true},
      {"low-latency-margin-floor-ms", words.low_latency_margin_floor_ms,
       margin.low_latency_floor, true},
  };
  for (const auto& one : kMargins) {
    absl::Status taken = TakeMargin(one.flag, one.word, one.margin);
    if (!taken.ok()) return taken;
    if (one.is_floor && one.margin > margin.ceiling) {
      return NotAllowed(
          one.flag, one.word,
          absl::StrCat("at most --margin-ceiling-ms=", margin.ceiling.count()));
    }
  }
  return absl::OkStatus();
}

absl::Status TakeTime(absl::string_view flag, const std::string& word,
                      absl::Duration most, std::chrono::milliseconds& time) {
  absl::Duration duration;
  if (!absl::ParseDuration(word, &duration) ||
      duration < absl::ZeroDuration() || duration > most) {
    return NotAllowed(flag, word,
                      absl::StrCat("a time such as 5s or 500ms, up to ",
                                   absl::FormatDuration(most)));
  }
  time = absl::ToChronoMilliseconds(duration);
  return absl::OkStatus();
}

absl::Status CheckAccess(const AccessOptions& access) {
  const bool names = !access.jwt_issuer.empty() && !access.jwt_audience.empty();
  if (!access.jwks.empty() && !names) {
    return absl::InvalidArgumentError(
        "--jwks needs --jwt-issuer and --jwt-audience");
  }
  if (access.jwks.empty() &&
      !(access.jwt_issuer.empty() && access.jwt_audience.empty())) {
    return absl::InvalidArgumentError(
        "--jwt-issuer and --jwt-audience need --jwks");
  }
  return absl::OkStatus();
}

absl::Status Take(const Words& words, ServerFlags& flags) {
  absl::Status taken = TakeMargins(words, flags.margin);
  if (!taken.ok()) return taken;
  taken = CheckAccess(flags.access);
  if (!taken.ok()) return taken;
  taken = TakeTime("resume-timeout", words.resume_timeout, kMaxResume,
                   flags.resume_timeout);
  if (!taken.ok()) return taken;
  taken = TakeTime("drain-timeout", words.drain_timeout, kMaxDrain,
                   flags.drain_timeout);
  if (!taken.ok()) return taken;
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

std::string AllFlags(const po::options_description& options) {
  std::string names;
  for (const auto& option : options.options()) {
    absl::StrAppend(&names, names.empty() ? "--" : ", --", option->long_name());
  }
  return names;
}

// Not what(), which looks for Boost's placeholders in what was typed, too:
// without end, where they were.
std::string Explain(const po::error_with_option_name& error) {
  return absl::StrReplaceAll(
      error.m_error_template,
      {{"%canonical_option%", error.get_option_name()}, {" ('%value%')", ""}});
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
  } catch (const po::error_with_option_name& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(Explain(error), "; allowed are ", AllFlags(options)));
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(error.what(), "; allowed are ", AllFlags(options)));
  }
  if (flags.help || flags.version) return flags;
  flags.transport.other_credentials =
      !flags.access.tokens.empty() || !flags.access.jwks.empty();
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
          "one exits at once.\nSIGHUP: reads the files again.\n"
          "Exit codes: 0 it was ended; 1 it did not work, and standard error "
          "says why; 2 usage.\nReflection is on: grpcurl -plaintext "
          "localhost:50051 list\n";
  return text.str();
}

}  // namespace earshot
