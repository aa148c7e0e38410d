#include "server/server_flags.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "flags/command_line.h"

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
  std::string log_format;
  std::string record_format;
  std::string record_min_free;
  std::string record_max_size;
  std::string record_max_age;
  std::string web_allow_origin;
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
      ("record", po::value(&flags.record.folder)->value_name("DIR"),
       "records each epoch there, too, in a file of its own: exactly what was played,\n"
       "without its volume. A disk in trouble costs the recording, never the stream")
      ("record-format", po::value(&words.record_format)
                            ->value_name("FORMAT")->default_value("opus"),
       "opus: the packets as they came, in Ogg Opus; streams of PCM become FLAC;\n"
       "flac: all in FLAC, of 16 bits, at the stream's rate")
      ("record-min-free", po::value(&words.record_min_free)
                              ->value_name("SIZE|PERCENT")
                              ->default_value("256M"),
       "records nothing while the disk has less left, such as 10G or 5%")
      ("record-max-size", po::value(&words.record_max_size)
                              ->value_name("SIZE"),
       "deletes the oldest recordings in DIR while all take more")
      ("record-max-age", po::value(&words.record_max_age)->value_name("TIME"),
       "deletes recordings in DIR that ended longer ago, such as 30d or 12h")
      ("web", po::value(&flags.web.address)->value_name("HOST:PORT"),
       "answers browsers there: a page on which people hear the streams, such as\n"
       "localhost:8080; HTTPS with --tls-cert; who may hear what --policy says")
      ("web-allow-origin", po::value(&words.web_allow_origin)
                               ->value_name("ORIGIN[,ORIGIN…]"),
       "whose pages may have the player, too, such as https://desk.example.org,\n"
       "or * for any")
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
      ("log-format", po::value(&words.log_format)->value_name("FORMAT")
                         ->default_value("text"),
       "text or json, to the standard error");
  // clang-format on
  flags.program.AddTo(options);
  return options;
}

absl::Status TakeMargin(absl::string_view flag, const std::string& word,
                        std::chrono::milliseconds& margin) {
  int ms = 0;
  if (!absl::SimpleAtoi(word, &ms) || ms < kMinMarginMs || ms > kMaxMarginMs) {
    return NotAllowed(
        flag, word,
        absl::StrCat("must be ", kMinMarginMs, " to ", kMaxMarginMs));
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
      return NotAllowed(one.flag, one.word,
                        absl::StrCat("must be at most --margin-ceiling-ms=",
                                     margin.ceiling.count()));
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
                      absl::StrCat("must be a time such as 5s or 500ms, up to ",
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

absl::Status TakeRecord(const Words& words, RecordOptions& record) {
  absl::Status taken =
      CheckWord("record-format", words.record_format, {"opus", "flac"});
  if (!taken.ok()) return taken;
  if (words.record_format == "flac") record.format = RecordFormat::kFlac;
  const auto reserve = ParseReserve(words.record_min_free);
  if (!reserve.has_value()) {
    return NotAllowed("record-min-free", words.record_min_free,
                      "must be a size such as 10G, or such as 5%");
  }
  record.min_free = *reserve;
  record.max_bytes = ParseSize(words.record_max_size);
  if (!words.record_max_size.empty() && !record.max_bytes.has_value()) {
    return NotAllowed("record-max-size", words.record_max_size,
                      "must be a size such as 500M or 10G");
  }
  record.max_age = ParseAge(words.record_max_age);
  if (!words.record_max_age.empty() && !record.max_age.has_value()) {
    return NotAllowed("record-max-age", words.record_max_age,
                      "must be a time such as 30d or 12h");
  }
  return absl::OkStatus();
}

absl::Status TakeWeb(const Words& words, WebOptions& web) {
  if (words.web_allow_origin.empty()) return absl::OkStatus();
  if (web.address.empty()) {
    return absl::InvalidArgumentError("--web-allow-origin needs --web");
  }
  web.origins = absl::StrSplit(words.web_allow_origin, ',');
  for (const std::string& origin : web.origins) {
    const bool url = absl::StartsWith(origin, "https://") ||
                     absl::StartsWith(origin, "http://");
    if (origin == "*" ||
        (url && std::count(origin.begin(), origin.end(), '/') == 2)) {
      continue;
    }
    return NotAllowed("web-allow-origin", origin,
                      "must be such as https://desk.example.org, without a "
                      "path, or *");
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
  taken = TakeRecord(words, flags.record);
  if (!taken.ok()) return taken;
  taken = TakeWeb(words, flags.web);
  if (!taken.ok()) return taken;
  taken = CheckWord("log-format", words.log_format, {"text", "json"});
  if (!taken.ok()) return taken;
  taken = flags.program.Check();
  if (!taken.ok()) return taken;
  flags.log_json = words.log_format == "json";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerFlags> ParseServerFlags(
    const std::vector<std::string>& arguments) {
  ServerFlags flags;
  Words words;
  const po::options_description options = Options(flags, words);
  absl::Status taken = ParseCommandLine(arguments, options, {});
  if (!taken.ok()) return taken;
  if (flags.program.help || flags.program.version) return flags;
  flags.transport.other_credentials =
      !flags.access.tokens.empty() || !flags.access.jwks.empty();
  taken = Take(words, flags);
  if (!taken.ok()) return taken;
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
