#include "client/cli/listen/card_output.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/verb.h"
#include "codec/opus_layout.h"
#include "sinks/frame_time.h"

namespace earshot {
namespace {

constexpr double kSilentDb = -60;
// No guest's clock hangs on this card: what waits for it is heard, later.
constexpr std::chrono::milliseconds kCardPatience{2000};
constexpr int kMeterWidth = 20;

double Milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

ChannelLayout LayoutOfFormat(const CodedFormat& format) {
  if (format.codec == MediaCodec::kOpus && format.positions.empty()) {
    return OpusLayoutOf(format.channels).positions;
  }
  return LayoutOf(format.channels, format.positions);
}

std::string Meter(float peak) {
  const double db = peak > 0 ? 20 * std::log10(peak) : -100;
  const auto filled = static_cast<size_t>(
      std::clamp(kMeterWidth * (1 - db / kSilentDb), 0.0, 1.0 * kMeterWidth));
  return absl::StrCat(
      "[", std::string(filled, '='), std::string(kMeterWidth - filled, ' '),
      "] ", db <= kSilentDb ? "silent" : absl::StrFormat("%3.0f dB", db));
}

}  // namespace

CardOutput::~CardOutput() { Close(); }

absl::Status CardOutput::OnEpoch(const HeardEpoch& epoch, MonotonicTime now) {
  CodedFormat format = epoch.format;
  auto decoder = PacketDecoder::Create(format);  // drops nothing itself
  if (!decoder.ok()) return decoder.status();
  decoder_ = *std::move(decoder);
  if (buffer_ != nullptr && format.rate_hz == format_.rate_hz &&
      LayoutOfFormat(format) == LayoutOfFormat(format_)) {
    format_ = std::move(format);
    buffer_->EndRun();
    return absl::OkStatus();
  }
  Close();
  format_ = std::move(format);
  buffer_ = std::make_unique<HearingBuffer>(format_.rate_hz, format_.channels);
  buffer_->SetGain(gain_);
  SinkRequest request;
  request.vm = vm_;
  request.stream = stream_;
  request.epoch = epoch.epoch;
  request.rate_hz = format_.rate_hz;
  request.layout = LayoutOfFormat(format_);
  request.time = std::chrono::system_clock::now();
  request.latency = CardLatency::kRelaxed;
  request.patience = kCardPatience;
  sink_ = sinks_.Make(request);
  sink_->Start(buffer_.get(), now);
  return absl::OkStatus();
}

absl::Status CardOutput::OnPacket(const v1::DuePacket& packet, bool in_time,
                                  MonotonicTime now) {
  if (packet.restart()) {
    decoder_->Restart();
    buffer_->EndRun();
  }
  const int frames = packet.drop_frames() + packet.frame_count();
  const auto channels = static_cast<size_t>(format_.channels);
  if (!decoder_->Decode(packet.payload(), frames, &pcm_).ok()) {
    pcm_.assign(static_cast<size_t>(frames) * channels, 0.0f);
  }
  buffer_->Add(absl::MakeConstSpan(pcm_).subspan(
                   static_cast<size_t>(packet.drop_frames()) * channels),
               in_time, now);
  return absl::OkStatus();
}

void CardOutput::OnQuiet() {
  if (buffer_ != nullptr) buffer_->EndRun();
}

absl::Status CardOutput::OnCut() {
  OnQuiet();
  return absl::OkStatus();
}

void CardOutput::OnVolume(const v1::Volume& volume) {
  const double db = volume.gain_db();
  const bool heard = !volume.mute() && db > kSilentDb;
  gain_ = heard ? static_cast<float>(std::pow(10, std::min(db, 0.0) / 20)) : 0;
  if (buffer_ != nullptr) buffer_->SetGain(gain_);
}

absl::Status CardOutput::OnTick(MonotonicTime now) {
  if (sink_ == nullptr) return absl::OkStatus();
  sink_->Tick(now);
  std::string problem = sink_->problem();
  if (problem != problem_) {
    problem_ = std::move(problem);
    if (!problem_.empty()) Complain(problem_);
  }
  return absl::OkStatus();
}

absl::Status CardOutput::Finish() {
  Close();
  return absl::OkStatus();
}

void CardOutput::Close() {
  if (sink_ != nullptr) {
    sink_->Stop();
    gaps_ += sink_->underruns();
    sink_.reset();
  }
  if (buffer_ == nullptr) return;
  const HearingStats stats = buffer_->TakeStats();
  heard_seconds_ += static_cast<double>(stats.heard_frames) / format_.rate_hz;
  gaps_ += stats.gaps;
  gap_time_ += DurationOf(stats.gap_frames, format_.rate_hz);
  buffer_.reset();
}

std::string CardOutput::Progress() {
  if (buffer_ == nullptr) return "";
  const HearingStats stats = buffer_->TakeStats();
  return absl::StrFormat("%s  buffer %.0f ms, card %.0f ms  %d gaps%s",
                         Meter(stats.peak), Milliseconds(stats.buffered),
                         Milliseconds(sink_->latency()),
                         gaps_ + stats.gaps + sink_->underruns(),
                         problem_.empty() ? "" : "  " + problem_);
}

void CardOutput::Report(ListenReport* report) const {
  report->output = sinks_.text();
  report->seconds = heard_seconds_;
  report->gaps = gaps_;
  report->gap_time = gap_time_;
  report->summary =
      absl::StrFormat("%.1f s heard on %s, %d %s", heard_seconds_,
                      sinks_.text(), gaps_, gaps_ == 1 ? "gap" : "gaps");
}

}  // namespace earshot
