#include "client/cli/listen/listening.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "client/cli/listen/listen_report.h"
#include "client/cli/rpc_error.h"
#include "client/cli/stream_name.h"
#include "client/cli/terminal.h"
#include "client/cli/verb.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

// As the play-out's of the service.
constexpr milliseconds kTick{5};
constexpr milliseconds kLineInterval{100};
// A service that started anew has its streams back after some seconds; a file
// is not held open for longer.
constexpr std::chrono::seconds kStreamPatience{30};

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

Backoff::Options Attempts() {
  Backoff::Options options;
  options.cap = milliseconds(2000);
  return options;
}

}  // namespace

Listening::Listening(const ListeningOptions& options, AdminClient* client,
                     ListenOutput* output)
    : options_(options),
      client_(client),
      output_(output),
      on_terminal_(isatty(STDERR_FILENO) != 0),
      signals_(loop_, SIGINT, SIGTERM),
      tick_timer_(loop_),
      dial_timer_(loop_),
      backoff_(Attempts(), std::random_device()()),
      events_(output) {}

int Listening::Run() {
  WaitForSignal();
  Dial();
  Tick();
  loop_.run();
  return exit_code_;
}

void Listening::WaitForSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    if (stopped_) std::_Exit(kExitFailure);  // it was asked for twice
    stopped_ = true;
    if (call_ == nullptr) {
      Finish(kExitOk);
    } else {
      call_->Cancel();
    }
    WaitForSignal();
  });
}

void Listening::Dial() {
  call_ = std::make_unique<ListenCall>(
      client_, options_.name, &loop_,
      ListenCall::Handlers{
          [this](const v1::ListenResponse& response, MonotonicTime now) {
            OnResponse(response, now);
          },
          [this](const grpc::Status& status, bool reached) {
            OnEnd(status, reached);
          }});
}

void Listening::DialLater() {
  dial_timer_.expires_after(backoff_.Next());
  dial_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !over_) Dial();
  });
}

void Listening::Tick() {
  if (over_) return;
  const MonotonicTime now = Now();
  Check(output_->OnTick(now));
  if (now >= next_line_) {
    next_line_ = now + kLineInterval;
    ShowLine();
  }
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void Listening::ShowLine() {
  if (!on_terminal_ || over_) return;
  std::string line = absl::StrCat(ShortStreamName(options_.name), "  ");
  if (!trouble_.empty()) {
    absl::StrAppend(&line, trouble_);
  } else if (!heard_) {
    absl::StrAppend(&line, "connecting to ", client_->server());
  } else {
    const std::string progress = output_->Progress();
    absl::StrAppend(&line, progress.empty() ? "nothing plays" : progress);
    if (events_.moved_packets() > 0) {
      absl::StrAppend(&line, ", ", events_.moved_packets(),
                      " packets left out");
    }
    if (events_.stream_gaps().gaps() > 0) {
      absl::StrAppend(&line, ", ", events_.stream_gaps().gaps(),
                      " of the stream itself");
    }
  }
  const Terminal terminal = TerminalOf(STDERR_FILENO);
  std::fprintf(stderr, "\r\033[K%s",
               CutTo(Printable(line), terminal.columns - 1).c_str());
  std::fflush(stderr);
}

void Listening::ClearLine() {
  if (on_terminal_) std::fputs("\r\033[K", stderr);
}

void Listening::OnResponse(const v1::ListenResponse& response,
                           MonotonicTime now) {
  if (over_) return;
  if (away_since_.has_value()) {
    away_since_.reset();
    trouble_.clear();
    backoff_.Reset();
    ++reconnects_;
  }
  heard_ = true;
  Check(events_.OnResponse(response, now));
}

void Listening::OnEnd(const grpc::Status& status, bool reached) {
  if (over_) return;
  call_.reset();
  Check(events_.OnCall());
  if (over_) return;
  if (stopped_) {
    Finish(kExitOk);
    return;
  }
  const bool closed = status.ok() && events_.closed();
  if (closed && (options_.once || !options_.wait_for_stream)) {
    Finish(kExitOk);
    return;
  }
  if (!closed && !MayComeBack(status)) {
    ClearLine();
    client_->Fail(status);
    Finish(kExitFailure);
    return;
  }
  if (!away_since_.has_value()) away_since_ = Now();
  std::string trouble = closed || reached
                            ? "waits for the stream: it is closed"
                            : absl::StrCat("waits for ", client_->server());
  if (!on_terminal_ && trouble != trouble_) Complain(trouble);
  trouble_ = std::move(trouble);
  DialLater();
}

bool Listening::MayComeBack(const grpc::Status& status) const {
  if (!heard_ || options_.once) return false;
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    case grpc::StatusCode::NOT_FOUND:
      return options_.wait_for_stream || !away_since_.has_value() ||
             Now() - *away_since_ < kStreamPatience;
    default:
      return false;
  }
}

void Listening::Check(const absl::Status& status) {
  if (status.ok() || over_) return;
  ClearLine();
  Complain(Printable(std::string(status.message())));
  Finish(kExitFailure);
}

void Listening::Finish(int code) {
  if (over_) return;
  over_ = true;
  exit_code_ = code;
  call_.reset();
  const absl::Status finished = output_->Finish();
  ClearLine();
  if (!finished.ok()) {
    Complain(Printable(std::string(finished.message())));
    exit_code_ = kExitFailure;
  }
  if (heard_) {
    const ListenReport report = Report();
    std::fprintf(stderr, "%s\n", Printable(InWords(report)).c_str());
    if (options_.json) std::puts(ToJson(report).c_str());
  }
  loop_.stop();
}

ListenReport Listening::Report() const {
  ListenReport report;
  report.stream = options_.name;
  output_->Report(&report);
  report.left_out_packets = events_.moved_packets();
  report.stream_gaps = events_.stream_gaps().gaps();
  report.stream_gap_time = events_.stream_gaps().time();
  report.reconnects = reconnects_;
  report.closed = events_.closed();
  report.close_reason = events_.close_reason();
  return report;
}

}  // namespace earshot
