#include "server/play_reactor.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/access/permission.h"
#include "server/error_status.h"
#include "server/play_responses.h"
#include "server/request_check.h"
#include "server/session_playout.h"
#include "sinks/null_sink.h"

namespace earshot {
namespace {

// Also those that never say Open, and those that play what is left.
constexpr int kMaxCalls = 2 * static_cast<int>(StreamRegistry::kMaxSessions);

// What request_ holds while nothing was read: gRPC ends the reading also with a
// message that it cannot parse, and leaves this alone only at the true end.
constexpr uint64_t kNothingRead = 0x6e6f7468696e6721;

// When it may be otherwise.
constexpr std::chrono::milliseconds kRetryWhenFull{5000};
constexpr std::chrono::milliseconds kRetryWhenOverloaded{5000};

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

PlayReactor* PlayReactor::Start(PlaybackContext* playback,
                                grpc::CallbackServerContext* call) {
  std::shared_ptr<PlayReactor> reactor(new PlayReactor(playback, call));
  reactor->self_ = reactor;
  ++playback->calls;
  if (const Refusal refusal = reactor->Admit(); !refusal.ok()) {
    reactor->EndCall(refusal);
  } else {
    reactor->StartOpenTimeout();
    reactor->Read();
  }
  return reactor.get();
}

PlayReactor::PlayReactor(PlaybackContext* playback,
                         grpc::CallbackServerContext* call)
    : playback_(playback), call_(call), peer_(call->peer()) {}

Refusal PlayReactor::Admit() {
  Refusal refusal = playback_->access->Identify(*call_, &caller_);
  if (!refusal.ok()) return refusal;
  const MonotonicTime now = Now();
  quotas_ = playback_->access->quotas();
  limits_.emplace(quotas_, now);
  opener_ = OpenLimits::KeyOf(caller_.principal(), peer_);
  refusal = playback_->opens.OnCall(opener_, quotas_.max_opens_per_second, now);
  if (!refusal.ok()) return refusal;
  unsettled_ = true;
  if (playback_->calls > kMaxCalls) {
    return {Reason::kTooManyStreams, "", "the server has too many calls",
            kRetryWhenFull, "max_streams"};
  }
  return Refusal::None();
}

// It opens a stream, goes on with one, or is over.
void PlayReactor::Settle() {
  if (std::exchange(unsettled_, false)) playback_->opens.Settle(opener_);
}

void PlayReactor::StartOpenTimeout() {
  const std::weak_ptr<PlayReactor> weak = weak_from_this();
  open_timeout_.Set(std::chrono::system_clock::now() + playback_->open_timeout,
                    [weak](bool expired) {
                      const auto call = expired ? weak.lock() : nullptr;
                      if (call == nullptr) return;
                      const std::lock_guard lock(call->call_mutex_);
                      if (call->session_ != nullptr) return;
                      call->EndLocked(
                          {Reason::kOpenTimeout, "open",
                           "the first request, Open, did not come in time"},
                          Afterwards::kEnds);
                    });
}

void PlayReactor::Read() {
  request_.mutable_ping()->set_id(kNothingRead);
  StartRead(&request_);
}

void PlayReactor::OnReadDone(bool ok) {
  if (!ok) {
    if (call_->IsCancelled()) return;  // OnCancel ends it
    HalfClose();
    return;
  }
  const MonotonicTime now = Now();
  Refusal refusal = limits_->OnMessage(request_.ByteSizeLong(), now);
  if (refusal.ok()) refusal = Take(now);
  if (!refusal.ok()) {
    const std::lock_guard lock(call_mutex_);
    // The server's own trouble is no reason to give the stream up.
    EndLocked(refusal, refusal.reason == Reason::kShuttingDown
                           ? Afterwards::kWaits
                           : Afterwards::kEnds);
    return;
  }
  // Only what must not wait for the next tick: Opened, and answers to Ping and
  // SetVolume.
  if (request_.has_open() || request_.has_begin() || request_.has_ping() ||
      request_.has_set_volume()) {
    Flush();
  }
  const std::lock_guard lock(call_mutex_);
  if (!finished_) Read();
}

void PlayReactor::HalfClose() {
  {
    const std::lock_guard lock(call_mutex_);
    if (!request_.has_ping() || request_.ping().id() != kNothingRead) {
      EndLocked({Reason::kBadRequest, "request", "it is no PlayRequest"},
                Afterwards::kEnds);
      return;
    }
    half_closed_ = true;
    if (session_ != nullptr) session_->CloseRequests(call_id_, Now());
  }
  Flush();
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
  FinishLocked(grpc::Status::CANCELLED, Afterwards::kWaits);
}

void PlayReactor::OnDone() {
  if (unsettled_) {
    playback_->opens.Charge(opener_, quotas_.max_opens_per_second, Now());
  }
  Settle();
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
  EndLocked(refusal, Afterwards::kWaits);
}

void PlayReactor::EndLocked(const Refusal& refusal, Afterwards afterwards) {
  if (finished_) return;
  if (const auto left_out = playback_->log.Admit(refusal.reason, Now())) {
    spdlog::warn(
        "call ended stream={} peer={} reason={} field={} message=\"{}\" "
        "not_logged_before={}",
        entry_ != nullptr ? entry_->name() : "-", peer_,
        Describe(refusal.reason).name, refusal.field, refusal.message,
        *left_out);
  }
  FinishLocked(ToGrpcStatus(refusal), afterwards);
  if (refusal.reason == Reason::kTooManyOpens &&
      playback_->opens.Floods(opener_, Now())) {
    playback_->cut(peer_);
  }
}

void PlayReactor::GoAway(int deadline_ms) {
  {
    const std::lock_guard lock(call_mutex_);
    if (went_away_ || go_away_ms_.has_value()) return;
    go_away_ms_ = deadline_ms;
  }
  Flush();
}

Refusal PlayReactor::Take(MonotonicTime now) {
  if (request_.request_case() == v1::PlayRequest::REQUEST_NOT_SET) {
    return {Reason::kBadRequest, "request",
            "it is empty, or none that this server knows"};
  }
  if (request_.has_open()) return Open(now);
  if (session_ == nullptr) {
    return {Reason::kOpenFirst, "open", "the first request has to be Open"};
  }
  if (request_.has_begin()) return Begin(now);
  return Apply(&request_, session_.get(), call_id_, now);
}

Refusal PlayReactor::Open(MonotonicTime now) {
  if (session_ != nullptr) {
    return {Reason::kAlreadyOpen, "open", "Open may be said only once"};
  }
  StreamInfo info;
  Refusal refusal = CheckOpen(request_.open(), &info);
  if (!refusal.ok()) return refusal;
  refusal = CheckMayPlay(caller_, info.vm, "open.stream");
  if (!refusal.ok()) return refusal;
  info.principal = caller_.principal();
  info.peer = peer_;
  info.open_time = std::chrono::system_clock::now();
  // Also while the server drains or has too much to do: what it has begun to
  // play it plays on.
  if (GoOn(info, now)) {
    playback_->opens.Charge(opener_, quotas_.max_opens_per_second, now);
  } else {
    refusal = OpenNew(info, now);
  }
  Settle();
  // A drain that began meanwhile may not have seen it.
  if (refusal.ok() && playback_->draining) GoAway(0);
  return refusal;
}

// Goes on with a stream, if the client has its token. False if it has not.
bool PlayReactor::GoOn(const StreamInfo& info, MonotonicTime now) {
  const v1::Open& open = request_.open();
  if (open.resume_token().empty()) return false;
  const auto entry = playback_->registry->FindOpen(info.name);
  // That of another principal is refused when this call would replace it.
  if (entry == nullptr || entry->principal() != info.principal) return false;
  const auto attached =
      entry->Resume(open.resume_token(), info, Handle(), open.epoch(), now);
  if (!attached.has_value()) return false;
  SpeakFor(entry, attached->attachment, now);
  spdlog::info(
      "stream resumed stream={} peer={} received_epoch={} received_frame={}",
      info.name, peer_, attached->attachment.received_epoch,
      attached->attachment.received_frame);
  attached->before.end({Reason::kTakenOver, "open.stream",
                        "another call goes on with this stream"});
  return true;
}

Refusal PlayReactor::OpenNew(const StreamInfo& info, MonotonicTime now) {
  if (playback_->draining) return Refusal::ShuttingDown();
  if (playback_->overload->overloaded()) {
    return {Reason::kOverloaded, "",
            "the server has as many streams as it can play",
            kRetryWhenOverloaded};
  }
  Refusal refusal =
      playback_->opens.OnOpen(opener_, quotas_.max_opens_per_second, now);
  if (!refusal.ok()) return refusal;
  auto entry = std::make_shared<StreamEntry>(
      info, playback_->config, playback_->registry->VolumeOf(info.name));
  const auto attached = entry->Attach(info, Handle(), 0, now);
  std::shared_ptr<StreamEntry> replaced;
  refusal = playback_->registry->Add(entry, quotas_, &replaced);
  if (!refusal.ok()) return refusal;
  resumed_epoch_ = request_.open().epoch();
  next_frame_ = request_.open().next_frame();
  SpeakFor(entry, attached->attachment, now);
  spdlog::info("stream opened stream={} peer={} client=\"{}\"{}", info.name,
               peer_, absl::Utf8SafeCEscape(info.client),
               replaced != nullptr ? " took_over=true" : "");
  if (replaced != nullptr) {
    replaced->Replace({Reason::kTakenOver, "open.stream",
                       "another call has opened this stream"},
                      now);
  }
  StartPlayout();
  return Refusal::None();
}

void PlayReactor::SpeakFor(const std::shared_ptr<StreamEntry>& entry,
                           const Attachment& attachment, MonotonicTime now) {
  const std::lock_guard lock(call_mutex_);
  entry_ = entry;
  session_ = entry->session();
  call_id_ = attachment.call;
  opened_ = ToProto(attachment, entry->token(), playback_->config);
  // Cancelled or taken over meanwhile: nobody else tells the session.
  if (finished_) Leave(Afterwards::kWaits, now);
}

CallHandle PlayReactor::Handle() {
  const std::weak_ptr<PlayReactor> weak = weak_from_this();
  return {[weak](const Refusal& why) {
            if (const auto call = weak.lock()) call->EndCall(why);
          },
          [weak](int deadline_ms) {
            if (const auto call = weak.lock()) call->GoAway(deadline_ms);
          },
          [weak] {
            if (const auto call = weak.lock()) call->Flush();
          }};
}

void PlayReactor::StartPlayout() {
  auto make_sink = [playback = playback_,
                    entry = entry_](const EpochParams& params) {
    const StreamInfo info = entry->info();
    if (info.probe) {
      return std::unique_ptr<AudioSink>(
          std::make_unique<NullSink>(params.rate_hz, params.channels));
    }
    return playback->sinks->Make(
        {info.vm, info.id, params.epoch, params.rate_hz,
         LayoutOf(params.channels, params.positions),
         std::chrono::system_clock::now(),
         params.low_latency ? CardLatency::kLow : CardLatency::kUsual});
  };
  auto make_recording = [playback = playback_,
                         entry = entry_](const EpochParams& params) {
    const StreamInfo info = entry->info();
    if (playback->recorder == nullptr || info.probe) {
      return std::shared_ptr<Recording>();
    }
    return playback->recorder->Begin({info.name, info.vm, info.id, params,
                                      std::chrono::system_clock::now()});
  };
  auto report_due = [entry = entry_] { entry->Flush(); };
  auto closed = [playback = playback_, entry = entry_] {
    const StreamTotals total = entry->session()->Stats(Now()).total;
    spdlog::info(
        "stream closed stream={} epochs={} played_frames={} skipped_frames={} "
        "underruns={} resumes={}",
        entry->name(), total.epochs, total.played_frames, total.skipped_frames,
        total.underruns.total(), total.resumes);
    playback->registry->Close(entry, Now());
    entry->Flush();
  };
  playback_->pool->Add(std::make_unique<SessionPlayout>(
      entry_->name(), session_, std::move(make_sink), std::move(make_recording),
      std::move(report_due), std::move(closed)));
}

Refusal PlayReactor::Begin(MonotonicTime now) {
  EpochParams params;
  Refusal refusal = CheckBegin(request_.begin(), &params);
  if (!refusal.ok()) return refusal;
  if (playback_->draining) return Refusal::ShuttingDown();
  if (params.epoch == resumed_epoch_) params.first_frame = next_frame_;
  refusal = session_->Begin(call_id_, params, now);
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
  if (const auto volume = session_->TakeVolume(call_id_)) {
    *response_.mutable_volume() = ToProto(*volume);
    return true;
  }
  if (const auto drained = session_->TakeDrained(call_id_)) {
    *response_.mutable_drained() = ToProto(*drained);
    return true;
  }
  if (go_away_ms_.has_value()) {
    response_.mutable_go_away()->set_reason(v1::GoAway::REASON_SHUTDOWN);
    response_.mutable_go_away()->set_deadline_ms(
        *std::exchange(go_away_ms_, std::nullopt));
    went_away_ = true;
    return true;
  }
  if (const auto report = session_->TakeProgress(call_id_, now)) {
    *response_.mutable_progress() = ToProto(*report);
    return true;
  }
  return false;
}

// Everything is said: is it the end of the call?
void PlayReactor::MaybeFinish() {
  if (session_ == nullptr) {
    if (half_closed_) {
      FinishLocked(ToGrpcStatus({Reason::kOpenFirst, "open",
                                 "the first request has to be Open"}),
                   Afterwards::kEnds);
    }
    return;
  }
  if (went_away_ ? session_->HasEpoch() : !session_->closed()) return;
  FinishLocked(half_closed_ && !went_away_
                   ? grpc::Status::OK
                   : ToGrpcStatus(Refusal::ShuttingDown()),
               Afterwards::kEnds);
}

void PlayReactor::FinishLocked(const grpc::Status& status,
                               Afterwards afterwards) {
  if (finished_) return;
  finished_ = true;
  if (session_ != nullptr) Leave(afterwards, Now());
  Finish(status);
}

// What the session holds is played all the same.
void PlayReactor::Leave(Afterwards afterwards, MonotonicTime now) {
  if (half_closed_ || afterwards == Afterwards::kEnds) {
    session_->CloseRequests(call_id_, now);
  } else {
    session_->CallLost(call_id_, playback_->resume_timeout, now);
  }
}

}  // namespace earshot
