#include "client/cli/listen_verb.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/admin_client.h"
#include "client/cli/admin_verb.h"
#include "client/cli/defaults.h"
#include "client/cli/listen/card_output.h"
#include "client/cli/listen/file_output.h"
#include "client/cli/listen/listening.h"
#include "client/connection_flags.h"
#include "sinks/sink_factory.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

class ListenVerb : public Verb {
  void AddFlags(po::options_description& options) override {
    connection_.AddTo(options, DefaultServer());
    // clang-format off
    options.add_options()
        ("sink", po::value(&sink_)->value_name("SINK")->default_value("pulse"),
         "what plays it: pulse[:SINK] (PulseAudio and PipeWire), alsa[:PCM] or null")
        ("output", po::value(&file_)->value_name("FILE"),
         "writes it to a file instead: .opus (as the guest's packets are, in "
         "Ogg), .flac or .wav; - is standard output")
        ("format", po::value(&format_)->value_name("FORMAT"),
         "of that file, whatever its name: opus, wav or flac; for - opus, "
         "unless it is wav")
        ("once", po::bool_switch(&once_),
         "ends when the stream or the service goes away, instead of waiting "
         "for it to come back")
        ("json", po::bool_switch(&json_),
         "what came of it goes to standard output, as a line of JSON")
        ("verbose", po::bool_switch(&verbose_), "log to standard error");
    // clang-format on
  }

  absl::Status Take(const std::vector<std::string>& words) override {
    if (absl::Status s = connection_.Check(); !s.ok()) return s;
    auto name = TakeStream(words);
    if (!name.ok()) return name.status();
    name_ = *std::move(name);
    if (json_ && file_ == "-") {
      return absl::InvalidArgumentError(
          "--json: standard output has the sound, by --output=-");
    }
    if (!format_.empty() && file_.empty()) {
      return absl::InvalidArgumentError("--format: is for --output");
    }
    if (!file_.empty()) return FileOutput::FormatOf(file_, format_).status();
    auto sinks = SinkFactory::Create(sink_);
    if (!sinks.ok() || absl::StartsWith(sink_, "wav:")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--sink=", sink_, ": allowed are null, pulse[:SINK] and alsa[:PCM]"));
    }
    return absl::OkStatus();
  }

  int Run() override {
    spdlog::set_default_logger(spdlog::stderr_color_mt("earshot"));
    spdlog::set_level(verbose_ ? spdlog::level::info : spdlog::level::off);
    signal(SIGPIPE, SIG_IGN);
    auto client = AdminClient::Create(connection_);
    if (!client.ok()) {
      Complain(std::string(client.status().message()));
      return kExitUsage;
    }
    auto output = MakeOutput();
    if (!output.ok()) {
      Complain(std::string(output.status().message()));
      return kExitFailure;
    }
    ListeningOptions options;
    options.name = name_;
    options.once = once_;
    options.wait_for_stream = file_.empty();
    options.json = json_;
    return Listening(options, client->get(), output->get()).Run();
  }

  absl::StatusOr<std::unique_ptr<ListenOutput>> MakeOutput() const {
    if (!file_.empty()) {
      auto format = FileOutput::FormatOf(file_, format_);
      if (!format.ok()) return format.status();
      auto file = FileOutput::Create(file_, *format, name_);
      if (!file.ok()) return file.status();
      return std::unique_ptr<ListenOutput>(*std::move(file));
    }
    auto sinks = SinkFactory::Create(sink_);
    if (!sinks.ok()) return sinks.status();
    const std::vector<std::string> parts = absl::StrSplit(name_, '/');
    return std::unique_ptr<ListenOutput>(std::make_unique<CardOutput>(
        *std::move(sinks), parts[1], parts.back()));
  }

  ConnectionFlags connection_;
  std::string name_;
  std::string sink_;
  std::string file_;
  std::string format_;
  bool once_ = false;
  bool json_ = false;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeListenVerb() {
  return std::make_unique<ListenVerb>();
}

}  // namespace earshot
