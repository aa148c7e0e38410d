#include "client/cli/streams_verb.h"

#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/admin_verb.h"
#include "client/cli/stream_lister.h"
#include "client/cli/stream_table.h"
#include "client/cli/stream_watch.h"
#include "client/cli/terminal.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

class StreamsVerb : public AdminVerb {
  void AddOwnFlags(po::options_description& options) override {
    // clang-format off
    options.add_options()
        ("watch", po::bool_switch(&watch_),
         "go on until Ctrl-C: redrawn on a terminal, elsewhere a line (with "
         "--json, a message) for each change and each interval")
        ("filter", po::value(&filter_)->value_name("EXPRESSION"),
         "only streams for which it holds, such as 'state = PLAYING AND "
         "labels.node = \"n1\" AND underruns_total > 0'")
        ("interval-ms", po::value(&interval_ms_)->value_name("MS")
                            ->default_value(interval_ms_),
         "with --watch: how often, 100 to 3600000");
    // clang-format on
  }
  absl::Status TakeOwn(const std::vector<std::string>& words) override {
    if (interval_ms_ < 100 || interval_ms_ > 3600000) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--interval-ms=", interval_ms_, ": must be 100 to 3600000"));
    }
    return TakeNothing(words);
  }
  int Ask(AdminClient& client) override {
    if (watch_) {
      return WatchStreams(client, {filter_, interval_ms_, json()});
    }
    v1::ListStreamsResponse all;
    const grpc::Status status = ListAllStreams(client, filter_, &all);
    if (!status.ok()) return client.Fail(status);
    if (all.streams().empty() && !json()) {
      Complain(absl::StrCat("no stream at ", client.server(),
                            filter_.empty() ? "" : " that the filter lets by"));
      return kExitOk;
    }
    const std::vector<std::string> lines =
        StreamTable({all.streams().begin(), all.streams().end()},
                    TerminalOf(STDOUT_FILENO).columns);
    return Show(all, absl::StrCat(absl::StrJoin(lines, "\n"), "\n"));
  }

  bool watch_ = false;
  std::string filter_;
  int interval_ms_ = 1000;
};

}  // namespace

std::unique_ptr<Verb> MakeStreamsVerb() {
  return std::make_unique<StreamsVerb>();
}

}  // namespace earshot
