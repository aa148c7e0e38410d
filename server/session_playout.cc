#include "server/session_playout.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

namespace earshot {
namespace {

constexpr std::chrono::nanoseconds kNone{0};

}  // namespace

SessionPlayout::SessionPlayout(std::string name,
                               std::shared_ptr<Session> session,
                               MakeSink make_sink,
                               std::function<void()> report_due,
                               std::function<void()> closed)
    : name_(std::move(name)),
      session_(std::move(session)),
      make_sink_(std::move(make_sink)),
      report_due_(std::move(report_due)),
      closed_(std::move(closed)) {}

SessionPlayout::~SessionPlayout() = default;

bool SessionPlayout::Tick(MonotonicTime now) {
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
  closed_();
  return false;
}

void SessionPlayout::Stop() {
  if (sink_ != nullptr) {
    sink_->Stop();
    sink_.reset();
  }
  session_->Abandon();
  closed_();
}

void SessionPlayout::StartEpoch(const EpochParams& params, MonotonicTime now) {
  problem_.clear();
  sink_ = make_sink_(params);
  session_->SetSink(sink_->description(), "");
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
}

void SessionPlayout::CheckSink() {
  std::string problem = sink_->problem();
  if (problem == problem_) return;
  problem_ = std::move(problem);
  session_->SetSink(sink_->description(), problem_);
}

}  // namespace earshot
