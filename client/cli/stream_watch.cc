#include "client/cli/stream_watch.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/json_text.h"
#include "client/cli/rpc_error.h"
#include "client/cli/stream_table.h"
#include "client/cli/terminal.h"
#include "client/cli/verb.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRedraw{250};
constexpr milliseconds kRetry{1000};

// The screen part of a watch: draws over what it drew last.
class Screen {
 public:
  // `trouble`: why the figures are old; empty if they are not.
  void Draw(const std::vector<v1::Stream>& streams, const std::string& server,
            const std::string& trouble) {
    const Terminal terminal = TerminalOf(STDOUT_FILENO);
    // Nobody knows where a terminal moves its text when its size changes.
    const bool resized = terminal.columns != columns_ || terminal.rows != rows_;
    columns_ = terminal.columns;
    rows_ = terminal.rows;
    std::vector<std::string> lines = StreamTable(streams, terminal.columns);
    lines.insert(
        lines.begin(),
        absl::StrCat(streams.size(),
                     streams.size() == 1 ? " stream" : " streams", " at ",
                     server, trouble.empty() ? "" : ": ", trouble));
    const auto fit = static_cast<size_t>(std::max(terminal.rows - 1, 3));
    if (lines.size() > fit) {
      const size_t hidden = lines.size() - fit + 1;
      lines.resize(fit - 1);
      lines.push_back(
          absl::StrCat("(", hidden, " more; --filter shows fewer)"));
    }
    std::string text = drawn_ == 0 ? ""
                       : resized   ? "\033[H\033[2J"
                                   : absl::StrCat("\r\033[", drawn_, "A\033[J");
    // A line that went on in the next row would be counted as one.
    for (const std::string& line : lines) {
      absl::StrAppend(&text, CutTo(line, columns_), "\n");
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    drawn_ = lines.size();
  }

 private:
  size_t drawn_ = 0;  // lines
  int columns_ = 0;   // of the terminal, when they were drawn
  int rows_ = 0;
};

// Hears of the streams, and shows them. The hearing thread takes, the screen's
// thread (on a terminal) draws.
class Watch {
 public:
  Watch(AdminClient& client, const WatchOptions& options)
      : client_(client),
        options_(options),
        on_screen_(!options.json && TerminalOf(STDOUT_FILENO).there()) {}

  int Run() {
    std::thread drawing;
    if (on_screen_) drawing = std::thread([this] { DrawOnAndOn(); });
    grpc::Status status;
    do {
      status = Hear();
    } while (MayComeBack(status));
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    if (drawing.joinable()) drawing.join();
    return client_.Fail(status);
  }

 private:
  // A service that was there may go and come.
  bool MayComeBack(const grpc::Status& status) {
    const bool away =
        status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
        status.error_code() == grpc::StatusCode::CANCELLED;
    {
      const std::lock_guard lock(mutex_);
      if (!heard_once_ || !away) return false;
    }
    SetTrouble(status.ok() ? "the service ended the call"
                           : RpcErrorLine(status, client_.server()));
    std::this_thread::sleep_for(kRetry);
    return true;
  }

  void SetTrouble(const std::string& trouble) {
    const std::lock_guard lock(mutex_);
    if (!on_screen_ && !trouble.empty() && trouble != trouble_) {
      Complain(trouble);
    }
    trouble_ = trouble;
  }

  void SetHeard() {
    const std::lock_guard lock(mutex_);
    heard_once_ = true;
    server_ = client_.server();
    trouble_.clear();
    streams_.clear();  // it tells of all of them anew
  }

  void Take(const v1::WatchStreamsResponse& told) {
    const v1::Stream& stream = told.stream();
    if (on_screen_) {
      const std::lock_guard lock(mutex_);
      if (told.gone()) {
        streams_.erase(stream.name());
      } else {
        streams_[stream.name()] = stream;
      }
      return;
    }
    if (told.gone()) return;
    std::puts(options_.json ? JsonText(stream, JsonStyle::kOneLine).c_str()
                            : StreamLine(stream).c_str());
    std::fflush(stdout);
  }

  grpc::Status Hear() {
    // Finds a server that is there, and what is wrong with it.
    v1::ListStreamsRequest ask;
    ask.set_page_size(1);
    ask.set_filter(options_.filter);
    v1::ListStreamsResponse first;
    grpc::Status status =
        client_.Call(&AdminClient::Stub::ListStreams, ask, &first);
    if (!status.ok()) return status;
    SetHeard();
    grpc::ClientContext context;
    v1::WatchStreamsRequest request;
    request.set_interval_ms(options_.interval_ms);
    request.set_filter(options_.filter);
    const auto stub = client_.MakeStub();
    const auto reader = stub->WatchStreams(&context, request);
    v1::WatchStreamsResponse response;
    while (reader->Read(&response)) Take(response);
    return reader->Finish();
  }

  void DrawOnAndOn() {
    Screen screen;
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (over_) return;
        if (heard_once_) {
          std::vector<v1::Stream> streams;
          for (const auto& [name, stream] : streams_) streams.push_back(stream);
          screen.Draw(streams, server_, trouble_);
        }
      }
      std::this_thread::sleep_for(kRedraw);
    }
  }

  AdminClient& client_;
  const WatchOptions options_;
  const bool on_screen_;
  std::mutex mutex_;  // guards what follows
  bool heard_once_ = false;
  std::string server_;                         // that was heard last
  std::map<std::string, v1::Stream> streams_;  // as it was told, by name
  std::string trouble_;
  bool over_ = false;
};

}  // namespace

int WatchStreams(AdminClient& client, const WatchOptions& options) {
  return Watch(client, options).Run();
}

}  // namespace earshot
