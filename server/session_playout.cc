#include "server/session_playout.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

namespace earshot {
namespace {

constexpr std::chrono::nanoseconds kNone{0};

// So long a session that rests is left alone, unless its client stirs it: of
// many desktops most are silent, and a look at each of them at every tick costs
// more than those who play. Within it others' settings of the volume are told,
// and a stream ends whose client did not come back.
constexpr std::chrono::milliseconds kRest{100};

}  // namespace

SessionPlayout::SessionPlayout(std::string name,
                               std::shared_ptr<Session> session,
                               MakeSink make_sink, MakeRecording make_recording,
                               std::function<void()> report_due,
                               std::function<void()> closed)
    : name_(std::move(name)),
      session_(std::move(session)),
      make_sink_(std::move(make_sink)),
      make_recording_(std::move(make_recording)),
      report_due_(std::move(report_due)),
      closed_(std::move(closed)) {}

SessionPlayout::~SessionPlayout() = default;

bool SessionPlayout::Tick(MonotonicTime now) {
  next_look_ = now + kRest;
  session_->Tick(sink_ != nullptr ? sink_->latency() : kNone, now);
  if (sink_ == nullptr) {
    const std::optional<EpochParams> params = session_->PlayingEpoch();
    if (params.has_value()) StartEpoch(*params, now);
  }
  if (sink_ != nullptr) {
    sink_->Tick(now);
    CheckSink();
    if (session_->EpochPlayed()) FinishEpoch(now);
  }
  if (session_->ReportDue(now)) report_due_();
  if (!session_->closed()) return true;
  session_->CloseFeed(now);
  closed_();
  return false;
}

void SessionPlayout::Stop() {
  if (sink_ != nullptr) {
    sink_->Stop();
    sink_.reset();
  }
  EndRecording();
  session_->Abandon();
  session_->CloseFeed(std::chrono::steady_clock::now());
  closed_();
}

void SessionPlayout::StartEpoch(const EpochParams& params, MonotonicTime now) {
  problem_.clear();
  sink_ = make_sink_(params);
  session_->SetSink(sink_->description(), "");
  recording_ = make_recording_(params);
  session_->SetObserver(recording_.get());
  CheckSink();
  sink_->Start(session_.get(), now);
  spdlog::info(
      "epoch began stream={} epoch={} codec={} rate_hz={} channels={} "
      "first_frame={} guest_buffer_frames={} guest_period_frames={} "
      "sink=\"{}\"",
      name_, params.epoch,
      params.codec == MediaCodec::kOpus ? "opus" : "pcm_s16le", params.rate_hz,
      params.channels, params.first_frame, params.guest_buffer_frames,
      params.guest_period_frames, sink_->description());
}

void SessionPlayout::FinishEpoch(MonotonicTime now) {
  sink_->Stop();
  CheckSink();
  const EpochStats stats = session_->Stats(now).epoch;
  spdlog::info(
      "epoch drained stream={} epoch={} produced_frames={} played_frames={} "
      "skipped_frames={} silence_frames={} underruns={} network_late={} "
      "source_starved={} outage={} server_overload={} packets={} "
      "payload_bytes={} sink=\"{}\"",
      name_, stats.params.epoch, stats.produced_frames, stats.played_frames,
      stats.skipped_frames, stats.silence_frames, stats.underruns.total(),
      stats.underruns.network_late, stats.underruns.source_starved,
      stats.underruns.outage, stats.underruns.server_overload, stats.packets,
      stats.payload_bytes, sink_->description());
  sink_.reset();
  session_->FinishEpoch(now);
  EndRecording();
}

void SessionPlayout::EndRecording() {
  session_->SetObserver(nullptr);
  if (recording_ == nullptr) return;
  recording_->Close();
  recording_.reset();
  recording_path_.clear();
  session_->SetRecording("");
}

void SessionPlayout::CheckSink() {
  std::string problem = sink_->problem();
  if (recording_ != nullptr) {
    if (problem.empty()) problem = recording_->problem();
    if (recording_path_.empty()) {
      recording_path_ = recording_->path();
      if (!recording_path_.empty()) session_->SetRecording(recording_path_);
    }
  }
  if (problem == problem_) return;
  problem_ = std::move(problem);
  session_->SetSink(sink_->description(), problem_);
}

}  // namespace earshot
