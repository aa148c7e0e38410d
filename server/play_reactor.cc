#include "server/play_reactor.h"

#include <spdlog/spdlog.h>

#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/error_status.h"
#include "server/request_check.h"
#include "server/session_playout.h"

namespace earshot {
namespace {

constexpr size_t kTokenBytes = 16;
// Also those that never say Open, and those that play what is left.
constexpr int kMaxCalls = 2 * static_cast<int>(StreamRegistry::kMaxSessions);

// What request_ holds while nothing was read: gRPC ends the reading also with a
// message that it cannot parse, and leaves this alone only at the true end.
constexpr uint64_t kNothingRead = 0x6e6f7468696e6721;

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

std::string NewToken() {
  std::random_device random;
  std::string token;
  while (token.size() < kTokenBytes) {
    token.push_back(static_cast<char>(random() & 0xff));
  }
  return token;
}

v1::Opened MakeOpened(const PlayoutConfig& config) {
  v1::Opened opened;
  opened.set_resume_token(NewToken());
  v1::Limits& limits = *opened.mutable_limits();
  limits.set_initial_window_ms(static_cast<int>(config.initial_window.count()));
  limits.set_max_payload_bytes(kMaxPayloadBytes);
  limits.add_codecs(v1::CODEC_OPUS);
  limits.add_codecs(v1::CODEC_PCM_S16LE);
  limits.set_max_channels(kMaxChannels);
  return opened;
}

int64_t Microseconds(std::chrono::nanoseconds duration) {
  return duration.count() / 1000;
}

void Fill(const ProgressReport& report, v1::Progress* progress) {
  progress->set_epoch(report.epoch);
  progress->set_granted_frame(report.granted_frame);
  progress->set_received_frame(report.received_frame);
  progress->set_played_frame(report.played_frame);
  progress->set_server_time_ns(
      std::chrono::nanoseconds(report.time.time_since_epoch()).count());
  progress->set_target_margin_us(Microseconds(report.target_margin));
  if (report.margin_error.has_value()) {
    progress->set_margin_error_us(Microseconds(*report.margin_error));
  }
  if (report.ping_id.has_value()) progress->set_ping_id(*report.ping_id);
}

}  // namespace

PlayReactor* PlayReactor::Start(PlaybackContext* playback,
                                grpc::CallbackServerContext* call) {
  std::shared_ptr<PlayReactor> reactor(new PlayReactor(playback, call->peer()));
  reactor->self_ = reactor;
  if (++playback->calls > kMaxCalls) {
    reactor->EndCall({Reason::kTooManyStreams, "", "too many calls"});
  } else if (playback->draining) {
    reactor->EndCall({Reason::kShuttingDown, "", "the server is going down"});
  } else {
    reactor->StartOpenTimeout();
    reactor->Read();
  }
  return reactor.get();
}

PlayReactor::PlayReactor(PlaybackContext* playback, std::string peer)
    : playback_(playback), peer_(std::move(peer)) {}

void PlayReactor::StartOpenTimeout() {
  const std::weak_ptr<PlayReactor> weak = weak_from_this();
  open_timeout_.Set(
      std::chrono::system_clock::now() + playback_->open_timeout,
      [weak](bool expired) {
        const auto call = expired ? weak.lock() : nullptr;
        if (call == nullptr) return;
        const std::lock_guard lock(call->call_mutex_);
        if (call->session_ != nullptr) return;
        call->EndLocked({Reason::kOpenTimeout, "open",
                         "the first request, Open, did not come in time"});
      });
}

void PlayReactor::Read() {
  request_.mutable_ping()->set_id(kNothingRead);
  StartRead(&request_);
}

void PlayReactor::OnReadDone(bool ok) {
  if (!ok && !(request_.has_ping() && request_.ping().id() == kNothingRead)) {
    EndCall({Reason::kBadRequest, "request", "it is no PlayRequest"});
    return;
  }
  if (!ok) {
    {
      const std::lock_guard lock(call_mutex_);
      half_closed_ = true;
      if (session_ != nullptr) session_->CloseRequests(Now());
    }
    Flush();
    return;
  }
  const MonotonicTime now = Now();
  const Refusal refusal = Handle(now);
  if (!refusal.ok()) {
    EndCall(refusal);
    return;
  }
  // Only what must not wait for the next tick: Opened, and answers to Ping.
  if (request_.has_open() || request_.has_begin() || request_.has_ping()) {
    Flush();
  }
  const std::lock_guard lock(call_mutex_);
  if (!finished_) Read();
}

void PlayReactor::OnWriteDone(bool ok) {
  {
    const std::lock_guard lock(call_mutex_);
    writing_ = false;
  }
  // Otherwise the call is broken, and OnCancel ends it.
  if (ok) Flush();
}

void PlayReactor::OnCancel() {
  const std::lock_guard lock(call_mutex_);
  FinishLocked(grpc::Status::CANCELLED);
}

void PlayReactor::OnDone() {
  --playback_->calls;
  self_.reset();  // may destroy this
}

void PlayReactor::Flush() {
  const std::lock_guard lock(call_mutex_);
  if (finished_ || writing_) return;
  if (MakeResponse(Now())) {
    writing_ = true;
    StartWrite(&response_);
    return;
  }
  MaybeFinish();
}

void PlayReactor::EndCall(const Refusal& refusal) {
  const std::lock_guard lock(call_mutex_);
  EndLocked(refusal);
}

void PlayReactor::EndLocked(const Refusal& refusal) {
  if (finished_) return;
  spdlog::warn("call ended stream={} peer={} reason={} field={} message=\"{}\"",
               entry_ != nullptr ? entry_->info.name : "-", peer_,
               Describe(refusal.reason).name, refusal.field, refusal.message);
  FinishLocked(ToGrpcStatus(refusal));
}

void PlayReactor::GoAway(int deadline_ms) {
  {
    const std::lock_guard lock(call_mutex_);
    if (went_away_ || go_away_ms_.has_value()) return;
    go_away_ms_ = deadline_ms;
  }
  Flush();
}

Refusal PlayReactor::Handle(MonotonicTime now) {
  if (request_.request_case() == v1::PlayRequest::REQUEST_NOT_SET) {
    return {Reason::kBadRequest, "request",
            "it is empty, or none that this server knows"};
  }
  if (request_.has_open()) return Open(now);
  if (session_ == nullptr) {
    return {Reason::kOpenFirst, "open", "the first request has to be Open"};
  }
  if (request_.has_begin()) return Begin(now);
  return Apply(&request_, session_.get(), now);
}

Refusal PlayReactor::Open(MonotonicTime now) {
  if (session_ != nullptr) {
    return {Reason::kAlreadyOpen, "open", "Open may be said only once"};
  }
  auto entry = std::make_shared<StreamRegistry::Entry>();
  Refusal refusal = CheckOpen(request_.open(), &entry->info);
  if (!refusal.ok()) return refusal;
  if (playback_->draining) {
    return {Reason::kShuttingDown, "", "the server is going down"};
  }
  resumed_epoch_ = request_.open().epoch();
  next_frame_ = request_.open().next_frame();
  entry->info.peer = peer_;
  entry->info.open_time = std::chrono::system_clock::now();
  entry->session = std::make_shared<Session>(playback_->config);
  const std::weak_ptr<PlayReactor> weak = weak_from_this();
  entry->end_call = [weak](const Refusal& why) {
    if (const auto call = weak.lock()) call->EndCall(why);
  };
  entry->go_away = [weak](int deadline_ms) {
    if (const auto call = weak.lock()) call->GoAway(deadline_ms);
  };
  std::shared_ptr<StreamRegistry::Entry> replaced;
  refusal = playback_->registry->Add(entry, &replaced);
  if (!refusal.ok()) return refusal;
  {
    const std::lock_guard lock(call_mutex_);
    entry_ = entry;
    session_ = entry->session;
    opened_ = MakeOpened(playback_->config);
    // Cancelled or taken over meanwhile: nobody else closes the session.
    if (finished_) session_->CloseRequests(now);
  }
  spdlog::info("stream opened stream={} peer={} client=\"{}\"{}",
               entry->info.name, peer_,
               absl::Utf8SafeCEscape(entry->info.client),
               replaced != nullptr ? " took_over=true" : "");
  if (replaced != nullptr) {
    replaced->end_call({Reason::kTakenOver, "open.stream",
                        "another call has opened this stream"});
  }
  StartPlayout();
  // A drain that began meanwhile may not have seen it.
  if (playback_->draining) GoAway(0);
  return Refusal::None();
}

void PlayReactor::StartPlayout() {
  const std::weak_ptr<PlayReactor> weak = weak_from_this();
  auto make_sink = [playback = playback_,
                    entry = entry_](const EpochParams& params) {
    return playback->sinks->Make({entry->info.vm, entry->info.id, params.epoch,
                                  params.rate_hz, params.channels,
                                  std::chrono::system_clock::now()});
  };
  auto report_due = [weak] {
    if (const auto call = weak.lock()) call->Flush();
  };
  auto closed = [weak, playback = playback_, entry = entry_] {
    const SessionStats stats = entry->session->Stats(Now());
    spdlog::info(
        "stream closed stream={} epochs={} played_frames={} skipped_frames={} "
        "underruns={}",
        entry->info.name, stats.epochs_total, stats.played_frames_total,
        stats.skipped_frames_total, stats.underruns_total);
    playback->registry->Close(entry, Now());
    if (const auto call = weak.lock()) call->Flush();
  };
  playback_->pool->Add(std::make_unique<SessionPlayout>(
      entry_->info.name, session_, std::move(make_sink), std::move(report_due),
      std::move(closed)));
}

Refusal PlayReactor::Begin(MonotonicTime now) {
  EpochParams params;
  Refusal refusal = CheckBegin(request_.begin(), &params);
  if (!refusal.ok()) return refusal;
  if (playback_->draining) {
    return {Reason::kShuttingDown, "", "the server is going down"};
  }
  if (params.epoch == resumed_epoch_) params.first_frame = next_frame_;
  refusal = session_->Begin(params, now);
  if (refusal.ok()) resumed_epoch_ = 0;
  return refusal;
}

bool PlayReactor::MakeResponse(MonotonicTime now) {
  response_.Clear();
  if (session_ == nullptr) return false;
  if (opened_.has_value()) {
    *response_.mutable_opened() = *std::exchange(opened_, std::nullopt);
    return true;
  }
  if (const auto drained = session_->TakeDrained(); drained.has_value()) {
    response_.mutable_drained()->set_epoch(drained->epoch);
    response_.mutable_drained()->set_played_frame(drained->played_frame);
    return true;
  }
  if (go_away_ms_.has_value()) {
    response_.mutable_go_away()->set_reason(v1::GoAway::REASON_SHUTDOWN);
    response_.mutable_go_away()->set_deadline_ms(
        *std::exchange(go_away_ms_, std::nullopt));
    went_away_ = true;
    return true;
  }
  if (const auto report = session_->TakeProgress(now); report.has_value()) {
    Fill(*report, response_.mutable_progress());
    return true;
  }
  return false;
}

// Everything is said: is it the end of the call?
void PlayReactor::MaybeFinish() {
  if (session_ == nullptr) {
    if (half_closed_) {
      FinishLocked(ToGrpcStatus(
          {Reason::kOpenFirst, "open", "the first request has to be Open"}));
    }
    return;
  }
  if (went_away_ ? !session_->HasEpoch() : session_->closed()) {
    FinishLocked(half_closed_ && !went_away_
                     ? grpc::Status::OK
                     : ToGrpcStatus({Reason::kShuttingDown, "",
                                     "the server is going down"}));
  }
}

void PlayReactor::FinishLocked(const grpc::Status& status) {
  if (finished_) return;
  finished_ = true;
  // What the session holds is played all the same.
  if (session_ != nullptr) session_->CloseRequests(Now());
  Finish(status);
}

}  // namespace earshot
