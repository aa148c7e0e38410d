#include "server/session_stats.h"

namespace earshot {

void StreamTotals::Add(const Epoch& epoch) {
  played_frames += epoch.played_frames();
  skipped_frames += epoch.skipped_frames();
  underruns += epoch.underruns();
  skip_reasons += epoch.skip_reasons();
  packets += epoch.packets();
  payload_bytes += epoch.payload_bytes();
}

StreamTotals& StreamTotals::operator+=(const StreamTotals& other) {
  epochs += other.epochs;
  played_frames += other.played_frames;
  skipped_frames += other.skipped_frames;
  underruns += other.underruns;
  skip_reasons += other.skip_reasons;
  resumes += other.resumes;
  packets += other.packets;
  payload_bytes += other.payload_bytes;
  return *this;
}

EpochStats StatsOf(const Epoch& epoch, MonotonicTime now) {
  EpochStats stats;
  stats.params = epoch.params();
  stats.produced_frames = epoch.produced_frames();
  stats.played_frames = epoch.played_frames();
  stats.skipped_frames = epoch.skipped_frames();
  stats.queued_frames = epoch.queued_frames();
  stats.granted_frame = epoch.granted_position();
  stats.silence_frames = epoch.silence_frames();
  stats.underruns = epoch.underruns();
  stats.packets = epoch.packets();
  stats.payload_bytes = epoch.payload_bytes();
  if (const auto margin = epoch.Margin(now); margin.has_value()) {
    stats.margin_ms = Milliseconds(*margin);
  }
  return stats;
}

SessionState StateOf(const Epoch& epoch) {
  switch (epoch.state()) {
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

}  // namespace earshot
