#include "server/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/underrun_words.h"

namespace earshot {

std::optional<Attachment> Session::Attach(uint64_t oldest_epoch,
                                          MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (requests_closed_) return std::nullopt;
  Attachment attachment;
  attachment.resumed = call_ > 0;
  attachment.call = ++call_;
  Stir();
  attached_ = true;
  waits_until_.reset();
  reports_.StartCall();
  if (!attachment.resumed) return attachment;
  for (const auto& epoch : epochs_) epoch->CallResumed(now);
  ++total_.resumes;
  reports_.TellAgain(oldest_epoch);
  attachment.received_epoch = newest_epoch_;
  attachment.received_frame = last_end_;
  attachment.received_end = newest_epoch_ != 0;
  if (!epochs_.empty()) {
    attachment.received_frame = epochs_.back()->taken_position();
    attachment.received_end = epochs_.back()->ended();
  }
  return attachment;
}

void Session::CallLost(uint64_t call, std::chrono::milliseconds wait,
                       MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (!Speaks(call)) return;
  attached_ = false;
  if (requests_closed_) return;
  if (wait.count() <= 0 || newest_epoch_ == 0) {
    CloseLocked("the client is gone", now);
    return;
  }
  waits_until_ = now + wait;
  for (const auto& epoch : epochs_) epoch->CallLost();
}

void Session::CloseRequests(uint64_t call, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (Speaks(call)) CloseLocked("", now);
}

void Session::Detach() {
  const std::lock_guard lock(stream_mutex_);
  attached_ = false;
}

void Session::Replace(std::string why, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  attached_ = false;
  CloseLocked(std::move(why), now);
}

Refusal Session::Begin(uint64_t call, const EpochParams& params,
                       MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Refusal refusal = CheckCall(call, "begin");
  if (!refusal.ok()) return refusal;
  if (Receiving() != nullptr) {
    return {Reason::kEpochUnderWay, "begin.epoch",
            absl::StrCat("epoch ", newest_epoch_, " has not ended")};
  }
  if (params.epoch <= newest_epoch_) {
    return {Reason::kEpochNotNewer, "begin.epoch",
            absl::StrCat(params.epoch, " is not greater than ", newest_epoch_)};
  }
  if (epochs_.size() + reports_.untold_drained() >= kMaxEpochs) {
    return {Reason::kTooManyEpochs, "begin.epoch",
            absl::StrCat(kMaxEpochs, " epochs wait to be played or reported")};
  }
  Stir();
  newest_epoch_ = params.epoch;
  ++total_.epochs;
  const bool active = epochs_.empty();
  epochs_.push_back(std::make_unique<Epoch>(params, config_, &target_,
                                            &margins_, active, now));
  epochs_.back()->SetRoundTrip(reports_.worst_round_trip());
  return Refusal::None();
}

Refusal Session::AddPacket(uint64_t call, int64_t first_frame,
                           int64_t frame_count, std::string payload,
                           int64_t capture_time_ns, MonotonicTime now) {
  return ToEpoch(call, "packet", [&](Epoch& epoch) {
    Refusal refusal = CheckBytes("packet.payload");
    if (!refusal.ok()) return refusal;
    return epoch.AddPacket(first_frame, frame_count, std::move(payload),
                           capture_time_ns, now);
  });
}

Refusal Session::AddSilence(uint64_t call, int64_t first_frame,
                            MonotonicTime now) {
  return ToEpoch(call, "silence", [&](Epoch& epoch) {
    return epoch.AddSilence(first_frame, now);
  });
}

Refusal Session::AddSkip(uint64_t call, int64_t first_frame,
                         int64_t frame_count, SkipReason reason,
                         MonotonicTime now) {
  return ToEpoch(call, "skip", [&](Epoch& epoch) {
    return epoch.AddSkip(first_frame, frame_count, reason, now);
  });
}

Refusal Session::Pause(uint64_t call, MonotonicTime) {
  return ToEpoch(call, "pause", [](Epoch& epoch) {
    epoch.Pause();
    return Refusal::None();
  });
}

Refusal Session::Resume(uint64_t call, MonotonicTime now) {
  return ToEpoch(call, "resume", [&](Epoch& epoch) {
    epoch.Resume(now);
    return Refusal::None();
  });
}

Refusal Session::End(uint64_t call, int64_t end_frame, MonotonicTime now) {
  return ToEpoch(call, "end",
                 [&](Epoch& epoch) { return epoch.End(end_frame, now); });
}

Refusal Session::Ping(uint64_t call, const PingReport& ping) {
  const std::lock_guard lock(stream_mutex_);
  Refusal refusal = CheckCall(call, "ping");
  if (!refusal.ok()) return refusal;
  reports_.AddPing(ping);
  if (!epochs_.empty())
    epochs_.back()->SetRoundTrip(reports_.worst_round_trip());
  return Refusal::None();
}

Refusal Session::SetVolume(uint64_t call, const VolumeSetting& volume) {
  const std::lock_guard lock(stream_mutex_);
  Refusal refusal = CheckCall(call, "set_volume");
  if (refusal.ok()) volume_->Set(volume);
  return refusal;
}

std::optional<DrainedReport> Session::TakeDrained(uint64_t call) {
  const std::lock_guard lock(stream_mutex_);
  if (!Speaks(call)) return std::nullopt;
  return reports_.TakeDrained();
}

std::optional<VolumeSetting> Session::TakeVolume(uint64_t call) {
  const std::lock_guard lock(stream_mutex_);
  if (!Speaks(call)) return std::nullopt;
  return reports_.TakeVolume();
}

std::optional<ProgressReport> Session::TakeProgress(uint64_t call,
                                                    MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (!Speaks(call) || !reports_.ProgressDue(Reported(), now)) {
    return std::nullopt;
  }
  ProgressReport report;
  report.time = now;
  report.target_margin = target_.target();
  report.sink_latency = sink_latency_;
  if (const Epoch* epoch = Reported(); epoch != nullptr) {
    report.epoch = epoch->params().epoch;
    report.granted_frame = epoch->granted_position();
    report.received_frame = epoch->received_position();
    report.played_frame = epoch->played_position();
    if (const auto margin = epoch->Margin(now); margin.has_value()) {
      report.margin_error = *margin - target_.target();
    }
  } else {  // a Ping between two epochs
    report.epoch = newest_epoch_;
    report.granted_frame = last_epoch_.granted_frame;
    report.received_frame = last_end_;
    report.played_frame = last_end_;
  }
  reports_.TakeProgress(Reported(), &report);
  return report;
}

bool Session::ReportDue(MonotonicTime now) const {
  const std::lock_guard lock(stream_mutex_);
  return attached_ && reports_.Due(Reported(), now);
}

void Session::OnStirred(std::function<void()> stirred) {
  const std::lock_guard lock(stream_mutex_);
  on_stirred_ = std::move(stirred);
}

std::optional<EpochParams> Session::PlayingEpoch() const {
  const std::lock_guard lock(stream_mutex_);
  if (epochs_.empty()) return std::nullopt;
  return epochs_.front()->params();
}

PlayOutResult Session::PlayOut(absl::Span<float> out, MonotonicTime now) {
  PlayOutResult result;
  MonotonicTime due = now;
  const absl::Span<float> all = out;
  const float gain = volume_->Get().factor();
  bool first = true;
  bool silent = false;
  for (int decodes = 0; decodes < kMaxDecodes && !out.empty();) {
    Epoch::Step step;
    {
      const std::lock_guard lock(stream_mutex_);
      if (epochs_.empty()) break;
      Epoch& epoch = *epochs_.front();
      if (player_ == nullptr || player_->epoch() != epoch.params().epoch) {
        player_ = std::make_unique<EpochPlayer>(epoch.params());
        news_.Begin(epoch.params(), now);
        gain_.emplace(epoch.params().rate_hz, epoch.params().channels, gain);
      }
      if (std::exchange(first, false)) {
        result.silence_frames = epoch.TakeOwedSilence();
      }
      step = epoch.Next(player_->FramesIn(out), player_->decoded_frames(), now);
      if (step.kind == Epoch::Step::Kind::kNothing) {
        // It plays, and has nothing: it is silent.
        silent = epoch.state() == Epoch::State::kPlaying;
        news_.HadNothing(epoch, step, due);
        break;
      }
    }
    // Decoding and copying need no lock: only this thread does them.
    if (step.kind == Epoch::Step::Kind::kDecode) ++decodes;
    const int64_t done = player_->Do(step, &out);
    result.media_frames += done;
    news_.Did(std::move(step), player_->dropped_frames(), due);
    due += DurationOf(done, player_->rate_hz());
  }
  if (player_ == nullptr) {
    std::fill(out.begin(), out.end(), 0.0f);
  } else if (!out.empty()) {
    player_->Rest(silent, out);
  }
  // Digital silence has no peak to look for.
  peak_.Add(silent ? all.first(all.size() - out.size()) : all, now);
  if (gain_.has_value()) {
    gain_->SetTarget(gain);
    gain_->Apply(all);
  }
  return result;
}

void Session::Tick(std::chrono::nanoseconds sink_latency, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  sink_latency_ = sink_latency;
  if (waits_until_.has_value() && now >= *waits_until_) {
    CloseLocked("the client did not come back", now);
  }
  news_.feed()->Tick({State(), sink_latency, volume_->Get()}, now);
}

bool Session::EpochPlayed() const {
  const std::lock_guard lock(stream_mutex_);
  return !epochs_.empty() && epochs_.front()->done();
}

void Session::FinishEpoch(MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (epochs_.empty()) return;
  const Epoch& epoch = *epochs_.front();
  reports_.AddDrained({epoch.params().epoch, epoch.played_position()});
  news_.End(epoch, now);
  const double margin_ms = last_epoch_.margin_ms;
  last_epoch_ = StatsOf(epoch, now);
  if (last_epoch_.margin_ms == 0) last_epoch_.margin_ms = margin_ms;
  last_end_ = epoch.received_position();
  last_underrun_ = LastUnderrun();
  total_.Add(epoch);
  epochs_.pop_front();
  if (!epochs_.empty()) epochs_.front()->Activate(now);
}

void Session::Abandon() {
  const std::lock_guard lock(stream_mutex_);
  requests_closed_ = true;
  waits_until_.reset();
  if (epochs_.empty()) return;
  last_epoch_ = StatsOf(*epochs_.front(), MonotonicTime());
  last_underrun_ = LastUnderrun();
  for (const auto& epoch : epochs_) total_.Add(*epoch);
  epochs_.clear();
}

void Session::SetSink(std::string description, std::string problem) {
  const std::lock_guard lock(stream_mutex_);
  sink_ = std::move(description);
  sink_problem_ = std::move(problem);
}

void Session::SetRecording(std::string path) {
  const std::lock_guard lock(stream_mutex_);
  recording_ = std::move(path);
}

void Session::CloseFeed(MonotonicTime now) {
  std::string reason;
  {
    const std::lock_guard lock(stream_mutex_);
    reason = StateReason(now);
  }
  news_.feed()->Close(std::move(reason));
}

bool Session::closed() const {
  const std::lock_guard lock(stream_mutex_);
  return State() == SessionState::kClosed;
}

bool Session::waits() const {
  const std::lock_guard lock(stream_mutex_);
  if (!waits_until_.has_value()) return false;
  return epochs_.empty() || epochs_.front()->queued_frames() == 0 ||
         epochs_.front()->state() == Epoch::State::kPaused;
}

bool Session::HasEpoch() const {
  const std::lock_guard lock(stream_mutex_);
  return !epochs_.empty();
}

SessionStats Session::Stats(MonotonicTime now) const {
  const std::lock_guard lock(stream_mutex_);
  SessionStats stats;
  stats.state = State();
  stats.state_reason = StateReason(now);
  stats.sink = sink_;
  stats.recording = recording_;
  stats.epoch = epochs_.empty() ? last_epoch_ : StatsOf(*epochs_.front(), now);
  stats.target_margin_ms = Milliseconds(target_.target());
  stats.target_margin_reason = target_.Reason(now);
  stats.sink_latency_ms = Milliseconds(sink_latency_);
  const PingReport& ping = reports_.ping();
  stats.clock_ppm = ping.clock_ppm;
  stats.round_trip_ms = Milliseconds(ping.round_trip);
  stats.client_delay_ms = Milliseconds(ping.client_delay);
  stats.margin_quantiles = margins_.Quantiles(now);
  stats.volume = volume_->Get();
  stats.listeners = news_.feed()->readers();
  if (!epochs_.empty()) stats.peak_dbfs = peak_.dbfs();
  stats.total = total_;
  for (const auto& epoch : epochs_) stats.total.Add(*epoch);
  return stats;
}

Refusal Session::CheckBytes(const char* field) const {
  size_t bytes = 0;
  size_t most = kMaxBytes;
  for (const auto& epoch : epochs_) {
    bytes += epoch->bytes();
    most = std::max(most, epoch->max_bytes());
  }
  if (bytes < most) return Refusal::None();
  return {Reason::kTooMuchQueued, field,
          absl::StrCat("the server holds ", bytes,
                       " bytes of this stream's epochs, which is all it may")};
}

template <typename Say>
Refusal Session::ToEpoch(uint64_t call, const char* field, Say say) {
  const std::lock_guard lock(stream_mutex_);
  Refusal refusal = CheckCall(call, field);
  if (!refusal.ok()) return refusal;
  Epoch* epoch = Receiving();
  return epoch != nullptr ? say(*epoch) : NoEpoch(field);
}

Refusal Session::NoEpoch(const char* field) const {
  return {Reason::kNoEpoch, field, "no epoch is under way: Begin comes first"};
}

Refusal Session::CheckCall(uint64_t call, const char* field) const {
  if (!Speaks(call)) {
    return {Reason::kTakenOver, field, "another call speaks for this stream"};
  }
  return requests_closed_ ? NoEpoch(field) : Refusal::None();
}

// The epoch that the client's messages are for.
Epoch* Session::Receiving() {
  if (epochs_.empty() || epochs_.back()->ended()) return nullptr;
  return epochs_.back().get();
}

// The epoch that Progress speaks of: the one that the client sends.
const Epoch* Session::Reported() const {
  return epochs_.empty() ? nullptr : epochs_.back().get();
}

void Session::CloseLocked(std::string reason, MonotonicTime now) {
  if (requests_closed_) return;
  requests_closed_ = true;
  Stir();
  waits_until_.reset();
  close_reason_ = std::move(reason);
  if (Epoch* epoch = Receiving(); epoch != nullptr) epoch->EndHere(now);
}

void Session::Stir() {
  stirred_ = true;
  on_stirred_();
}

SessionState Session::State() const {
  if (!epochs_.empty()) return StateOf(*epochs_.front());
  return requests_closed_ ? SessionState::kClosed : SessionState::kIdle;
}

std::string Session::StateReason(MonotonicTime now) const {
  std::string reason = close_reason_;
  if (waits_until_.has_value()) {
    // Rounded up: it never waits for 0 s more.
    const auto left = std::chrono::ceil<std::chrono::seconds>(
        std::max<std::chrono::nanoseconds>(*waits_until_ - now, {}));
    reason = absl::StrCat("the client is gone; waiting for it for ",
                          left.count(), " s more");
  }
  std::string more = sink_problem_;
  if (more.empty() && !epochs_.empty()) more = epochs_.front()->state_reason();
  const auto underrun = LastUnderrun();
  // While one lasts, that is the reason.
  if (more.empty() && underrun.has_value()) more = InWords(*underrun, now);
  if (reason.empty() || more.empty()) return reason + more;
  return absl::StrCat(reason, "; ", more);
}

std::optional<Underrun> Session::LastUnderrun() const {
  if (epochs_.empty() || !epochs_.front()->last_underrun().has_value()) {
    return last_underrun_;
  }
  return epochs_.front()->last_underrun();
}

}  // namespace earshot
