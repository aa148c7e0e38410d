#include "server/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

double Milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

Refusal Session::Begin(const EpochParams& params, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (requests_closed_) return NoEpoch("begin");
  if (Receiving() != nullptr) {
    return {Reason::kEpochUnderWay, "begin.epoch",
            absl::StrCat("epoch ", newest_epoch_, " has not ended")};
  }
  if (params.epoch <= newest_epoch_) {
    return {Reason::kEpochNotNewer, "begin.epoch",
            absl::StrCat(params.epoch, " is not greater than ", newest_epoch_)};
  }
  if (epochs_.size() + drained_.size() >= kMaxEpochs) {
    return {Reason::kTooManyEpochs, "begin.epoch",
            absl::StrCat(kMaxEpochs, " epochs wait to be played or reported")};
  }
  newest_epoch_ = params.epoch;
  ++epochs_total_;
  const bool active = epochs_.empty();
  epochs_.push_back(
      std::make_unique<Epoch>(params, config_, &target_, active, now));
  return Refusal::None();
}

Refusal Session::AddPacket(int64_t first_frame, int64_t frame_count,
                           std::string payload, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("packet");
  return epoch->AddPacket(first_frame, frame_count, std::move(payload), 0, now);
}

Refusal Session::AddSilence(int64_t first_frame, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("silence");
  return epoch->AddSilence(first_frame, now);
}

Refusal Session::AddSkip(int64_t first_frame, int64_t frame_count,
                         MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("skip");
  return epoch->AddSkip(first_frame, frame_count, now);
}

Refusal Session::Pause(MonotonicTime) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("pause");
  epoch->Pause();
  return Refusal::None();
}

Refusal Session::Resume(MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("resume");
  epoch->Resume(now);
  return Refusal::None();
}

Refusal Session::End(int64_t end_frame, MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  Epoch* epoch = Receiving();
  if (epoch == nullptr) return NoEpoch("end");
  return epoch->End(end_frame, now);
}

void Session::Ping(uint64_t id) {
  const std::lock_guard lock(stream_mutex_);
  ping_ = id;
}

void Session::CloseRequests(MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  requests_closed_ = true;
  if (Epoch* epoch = Receiving(); epoch != nullptr) epoch->EndHere(now);
}

std::optional<DrainedReport> Session::TakeDrained() {
  const std::lock_guard lock(stream_mutex_);
  if (drained_.empty()) return std::nullopt;
  const DrainedReport report = drained_.front();
  drained_.pop_front();
  return report;
}

std::optional<ProgressReport> Session::TakeProgress(MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (!ProgressDue(now)) return std::nullopt;
  ProgressReport report;
  report.time = now;
  report.target_margin = target_.target();
  report.ping_id = std::exchange(ping_, std::nullopt);
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
    const int64_t end =
        last_epoch_.params.first_frame + last_epoch_.produced_frames;
    report.granted_frame = last_epoch_.granted_frame;
    report.received_frame = end;
    report.played_frame = end;
  }
  last_progress_ = now;
  last_progress_epoch_ = report.epoch;
  last_granted_ = report.granted_frame;
  return report;
}

bool Session::ReportDue(MonotonicTime now) const {
  const std::lock_guard lock(stream_mutex_);
  return !drained_.empty() || ProgressDue(now);
}

std::optional<EpochParams> Session::PlayingEpoch() const {
  const std::lock_guard lock(stream_mutex_);
  if (epochs_.empty()) return std::nullopt;
  return epochs_.front()->params();
}

PlayOutResult Session::PlayOut(absl::Span<float> out, MonotonicTime now) {
  std::fill(out.begin(), out.end(), 0.0f);
  PlayOutResult result;
  bool first = true;
  int decodes = 0;
  while (decodes < kMaxDecodes) {
    Epoch::Step step;
    const EpochParams* epoch_params = nullptr;
    {
      const std::lock_guard lock(stream_mutex_);
      if (epochs_.empty()) return result;
      Epoch& epoch = *epochs_.front();
      epoch_params = &epoch.params();
      if (std::exchange(first, false)) {
        result.silence_frames = epoch.TakeOwedSilence();
      }
      const int channels = epoch_params->channels;
      const int64_t want =
          static_cast<int64_t>(out.size()) / channels - result.media_frames;
      step = epoch.Next(want, DecodedFrames(channels), now);
    }
    // Decoding and copying need no lock: only this thread does them, and only
    // it ends epochs, whose parameters never change.
    const EpochParams& params = *epoch_params;
    switch (step.kind) {
      case Epoch::Step::Kind::kNothing:
        return result;
      case Epoch::Step::Kind::kZeros:
        result.media_frames += step.frames;
        break;
      case Epoch::Step::Kind::kCopy: {
        const auto samples = static_cast<size_t>(step.frames) *
                             static_cast<size_t>(params.channels);
        std::copy_n(pcm_.begin() + static_cast<ptrdiff_t>(pcm_used_), samples,
                    out.begin() + result.media_frames * params.channels);
        pcm_used_ += samples;
        result.media_frames += step.frames;
        break;
      }
      case Epoch::Step::Kind::kRestart:
        if (decoder_ != nullptr && decoder_epoch_ == params.epoch) {
          decoder_->Restart();
        }
        break;
      case Epoch::Step::Kind::kDecode:
        DecodeNext(params, step);
        ++decodes;
        break;
    }
  }
  return result;
}

bool Session::EpochPlayed() const {
  const std::lock_guard lock(stream_mutex_);
  return !epochs_.empty() && epochs_.front()->done();
}

void Session::FinishEpoch(MonotonicTime now) {
  const std::lock_guard lock(stream_mutex_);
  if (epochs_.empty()) return;
  const Epoch& epoch = *epochs_.front();
  drained_.push_back({epoch.params().epoch, epoch.played_position()});
  const double margin_ms = last_epoch_.margin_ms;
  last_epoch_ = StatsOf(epoch, now);
  if (last_epoch_.margin_ms == 0) last_epoch_.margin_ms = margin_ms;
  played_total_ += last_epoch_.played_frames;
  skipped_total_ += last_epoch_.skipped_frames;
  underruns_total_ += last_epoch_.underruns;
  epochs_.pop_front();
  if (!epochs_.empty()) epochs_.front()->Activate(now);
}

void Session::Abandon() {
  const std::lock_guard lock(stream_mutex_);
  requests_closed_ = true;
  if (epochs_.empty()) return;
  last_epoch_ = StatsOf(*epochs_.front(), MonotonicTime());
  for (const auto& epoch : epochs_) {
    played_total_ += epoch->played_frames();
    skipped_total_ += epoch->skipped_frames();
    underruns_total_ += epoch->underruns().total();
  }
  epochs_.clear();
}

void Session::SetSink(std::string description, std::string problem) {
  const std::lock_guard lock(stream_mutex_);
  sink_ = std::move(description);
  sink_problem_ = std::move(problem);
}

bool Session::closed() const {
  const std::lock_guard lock(stream_mutex_);
  return State() == SessionState::kClosed;
}

bool Session::HasEpoch() const {
  const std::lock_guard lock(stream_mutex_);
  return !epochs_.empty();
}

SessionStats Session::Stats(MonotonicTime now) const {
  const std::lock_guard lock(stream_mutex_);
  SessionStats stats;
  stats.state = State();
  stats.sink = sink_;
  stats.epoch = epochs_.empty() ? last_epoch_ : StatsOf(*epochs_.front(), now);
  stats.target_margin_ms = Milliseconds(target_.target());
  stats.epochs_total = epochs_total_;
  stats.played_frames_total = played_total_;
  stats.skipped_frames_total = skipped_total_;
  stats.underruns_total = underruns_total_;
  for (const auto& epoch : epochs_) {
    stats.played_frames_total += epoch->played_frames();
    stats.skipped_frames_total += epoch->skipped_frames();
    stats.underruns_total += epoch->underruns().total();
  }
  if (!epochs_.empty()) stats.state_reason = epochs_.front()->state_reason();
  if (!sink_problem_.empty()) stats.state_reason = sink_problem_;
  return stats;
}

// The epoch that the client's messages are for.
Epoch* Session::Receiving() {
  if (epochs_.empty() || epochs_.back()->ended()) return nullptr;
  return epochs_.back().get();
}

Refusal Session::NoEpoch(const char* field) const {
  return {Reason::kNoEpoch, field, "no epoch is under way: Begin comes first"};
}

SessionState Session::State() const {
  if (epochs_.empty()) {
    return requests_closed_ ? SessionState::kClosed : SessionState::kIdle;
  }
  switch (epochs_.front()->state()) {
    case Epoch::State::kPriming:
      return SessionState::kPriming;
    case Epoch::State::kPlaying:
      return SessionState::kPlaying;
    case Epoch::State::kPaused:
      return SessionState::kPaused;
    case Epoch::State::kDraining:
    case Epoch::State::kDone:
      return SessionState::kDraining;
  }
  return SessionState::kIdle;
}

EpochStats Session::StatsOf(const Epoch& epoch, MonotonicTime now) const {
  EpochStats stats;
  stats.params = epoch.params();
  stats.produced_frames = epoch.produced_frames();
  stats.played_frames = epoch.played_frames();
  stats.skipped_frames = epoch.skipped_frames();
  stats.queued_frames = epoch.queued_frames();
  stats.granted_frame = epoch.granted_position();
  stats.silence_frames = epoch.silence_frames();
  stats.underruns = epoch.underruns().total();
  stats.packets = epoch.packets();
  stats.payload_bytes = epoch.payload_bytes();
  if (const auto margin = epoch.Margin(now); margin.has_value()) {
    stats.margin_ms = Milliseconds(*margin);
  }
  return stats;
}

// The epoch that Progress speaks of: the one that the client sends.
const Epoch* Session::Reported() const {
  return epochs_.empty() ? nullptr : epochs_.back().get();
}

bool Session::ProgressDue(MonotonicTime now) const {
  if (ping_.has_value()) return true;
  const Epoch* epoch = Reported();
  if (epoch == nullptr || epoch->state() == Epoch::State::kDone) return false;
  if (!last_progress_.has_value() ||
      last_progress_epoch_ != epoch->params().epoch) {
    return true;
  }
  if (epoch->granted_position() - last_granted_ >= epoch->window_frames() / 4) {
    return true;
  }
  return epoch->state() != Epoch::State::kPaused &&
         now - *last_progress_ >= kProgressInterval;
}

void Session::DecodeNext(const EpochParams& params, const Epoch::Step& step) {
  pcm_used_ = 0;
  absl::Status status;
  if (decoder_ == nullptr || decoder_epoch_ != params.epoch) {
    auto decoder = PacketDecoder::Create(
        params.codec, params.rate_hz, params.channels, params.pre_skip_frames);
    status = decoder.status();
    decoder_ = decoder.ok() ? std::move(*decoder) : nullptr;
    decoder_epoch_ = params.epoch;
  }
  if (decoder_ != nullptr) {
    status =
        decoder_->Decode(step.payload, static_cast<int>(step.frames), &pcm_);
  }
  if (!status.ok()) {
    // Packets are checked when they come, so a decoder hardly ever stumbles;
    // if it does, silence keeps positions exact.
    pcm_.assign(
        static_cast<size_t>(step.frames) * static_cast<size_t>(params.channels),
        0.0f);
  }
}

}  // namespace earshot
