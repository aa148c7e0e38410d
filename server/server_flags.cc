#include "server/server_flags.h"

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

ABSL_FLAG(std::string, listen, "localhost:50051", "where to listen");
ABSL_FLAG(std::string, sink, "null", "where sound goes");
ABSL_FLAG(int, target_margin_ms, 40, "how early packets should be");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(5),
          "how long to play on at the end");
ABSL_FLAG(std::string, log_level, "info", "what to log");
ABSL_FLAG(std::string, log_format, "text", "how to log");

namespace earshot {
namespace {

// The allowed ones, for the message about one that is not.
constexpr char kFlags[] =
    "--listen, --sink, --target-margin-ms, --drain-timeout, --log-level, "
    "--log-format, --help, --version";
constexpr int kMinMarginMs = 5;
constexpr int kMaxMarginMs = 500;  // architecture, the control law's ceiling
constexpr absl::Duration kMaxDrain = absl::Hours(24);

// "--target-margin-ms" to "target_margin_ms".
std::string FlagName(absl::string_view argument) {
  std::string name(argument);
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

bool IsOurs(const std::string& name) {
  return name == "listen" || name == "sink" || name == "target_margin_ms" ||
         name == "drain_timeout" || name == "log_level" || name == "log_format";
}

const char* Allowed(const std::string& name) {
  if (name == "target_margin_ms") return "5 to 500";
  if (name == "drain_timeout") return "a time such as 5s or 500ms, to 24h";
  if (name == "listen") return "host:port and unix:/path";
  if (name == "sink") return "null and wav:DIR";
  if (name == "log_level") return "debug, info, warn, error and off";
  return "text and json";
}

absl::Status Bad(absl::string_view flag, absl::string_view value,
                 absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, "=", value, ": allowed are ", allowed));
}

absl::Status SetFlag(const std::string& name, absl::string_view shown,
                     const std::string& value) {
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  std::string error;
  if (flag == nullptr || !flag->ParseFrom(value, &error)) {
    return Bad(shown, value, Allowed(name));
  }
  return absl::OkStatus();
}

absl::Status ReadArguments(const std::vector<std::string>& arguments,
                           ServerFlags* flags) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      flags->help = true;
      continue;
    }
    if (argument == "--version") {
      flags->version = true;
      continue;
    }
    const size_t equals = argument.find('=');
    const absl::string_view shown = argument.substr(0, equals);
    absl::string_view bare = shown;
    if (!absl::ConsumePrefix(&bare, "--") || !IsOurs(FlagName(bare))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unknown argument ", argument, ": allowed are ", kFlags));
    }
    std::string value;
    if (equals != absl::string_view::npos) {
      value = std::string(argument.substr(equals + 1));
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          shown, " needs a value: allowed are ", Allowed(FlagName(bare))));
    }
    const absl::Status status = SetFlag(FlagName(bare), shown, value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerFlags> ParseServerFlags(
    const std::vector<std::string>& arguments) {
  ServerFlags flags;
  const absl::Status status = ReadArguments(arguments, &flags);
  if (!status.ok()) return status;
  flags.listen = absl::GetFlag(FLAGS_listen);
  flags.sink = absl::GetFlag(FLAGS_sink);
  const int margin_ms = absl::GetFlag(FLAGS_target_margin_ms);
  if (margin_ms < kMinMarginMs || margin_ms > kMaxMarginMs) {
    return Bad("--target-margin-ms", absl::StrCat(margin_ms),
               Allowed("target_margin_ms"));
  }
  flags.target_margin = std::chrono::milliseconds(margin_ms);
  const absl::Duration drain = absl::GetFlag(FLAGS_drain_timeout);
  if (drain < absl::ZeroDuration() || drain > kMaxDrain) {
    return Bad("--drain-timeout", absl::FormatDuration(drain),
               Allowed("drain_timeout"));
  }
  flags.drain_timeout = absl::ToChronoMilliseconds(drain);
  const std::string level = absl::GetFlag(FLAGS_log_level);
  flags.log_level = spdlog::level::from_str(level);
  if (flags.log_level == spdlog::level::off && level != "off") {
    return Bad("--log-level", level, Allowed("log_level"));
  }
  const std::string format = absl::GetFlag(FLAGS_log_format);
  if (format != "text" && format != "json") {
    return Bad("--log-format", format, Allowed("log_format"));
  }
  flags.log_json = format == "json";
  return flags;
}

std::string ServerHelp() {
  return R"(earshot-server plays the sound of virtual machines.

  --listen=ADDR[,ADDR...]   host:port or unix:/path     (localhost:50051)
  --sink=null|wav:DIR       forget the sound, or record each epoch in DIR (null)
  --target-margin-ms=N      how early packets should be, 5 to 500        (40)
  --drain-timeout=TIME      how long to play on after SIGTERM            (5s)
  --log-level=LEVEL         debug, info, warn, error or off            (info)
  --log-format=text|json    to the standard error                      (text)
  --help, --version

SIGTERM or SIGINT: plays what is under way, then exits; a second one exits at
once. Reflection is on: grpcurl -plaintext localhost:50051 list
)";
}

}  // namespace earshot
