#include "client/packet_encoder.h"

#include <algorithm>
#include <limits>

namespace earshot {
namespace {

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

bool IsZero(absl::Span<const float> pcm) {
  return std::all_of(pcm.begin(), pcm.end(), [](float x) { return x == 0.0f; });
}

}  // namespace

PacketEncoder::PacketEncoder(const Shape& shape)
    : shape_(shape), block_(size_t{2} * shape.packet_frames * shape.channels) {}

void PacketEncoder::StartAt(int64_t position) {
  RestartCodec();
  filled_ = 0;
  block_frames_ = shape_.packet_frames > shape_.pre_skip_frames
                      ? shape_.packet_frames
                      : 2 * shape_.packet_frames;
  start_ = block_start_ = position_ = position;
  zero_blocks_ = 0;
  had_sound_ = silent_ = false;
}

void PacketEncoder::Encode(absl::Span<const float> pcm, Output& output) {
  const auto channels = static_cast<size_t>(shape_.channels);
  while (!pcm.empty()) {
    const size_t want = (block_frames_ - filled_) * channels;
    if (filled_ == 0 && pcm.size() >= want) {
      TakeBlock(pcm.subspan(0, want), kNoEnd, output);
      pcm.remove_prefix(want);
      continue;
    }
    const size_t take = std::min(want, pcm.size());
    std::copy_n(pcm.begin(), take, block_.begin() + filled_ * channels);
    filled_ += static_cast<int>(take / channels);
    pcm.remove_prefix(take);
    if (filled_ < block_frames_) break;
    TakeBlock(absl::MakeConstSpan(block_).subspan(0, block_frames_ * channels),
              kNoEnd, output);
  }
}

int64_t PacketEncoder::quiet_end() const {
  return std::max(position_, block_start_ - shape_.pre_skip_frames);
}

void PacketEncoder::Finish(Output& output) {
  const int64_t end = input_position();
  const auto channels = static_cast<size_t>(shape_.channels);
  const auto tail = absl::MakeConstSpan(block_).subspan(0, filled_ * channels);
  if (silent_ && IsZero(tail)) position_ = end;
  while (position_ < end) {
    std::fill(block_.begin() + filled_ * channels, block_.end(), 0.0f);
    TakeBlock(absl::MakeConstSpan(block_).subspan(0, block_frames_ * channels),
              end, output);
  }
}

void PacketEncoder::TakeBlock(absl::Span<const float> pcm, int64_t end,
                              Output& output) {
  const int64_t lag = shape_.pre_skip_frames;
  const int64_t block_start = block_start_;
  block_start_ += block_frames_;
  block_frames_ = shape_.packet_frames;
  filled_ = 0;

  const bool zero = IsZero(pcm);
  if (silent_) {
    if (zero) return;
    silent_ = false;
    position_ = std::max(start_, block_start - lag);
  }
  const absl::Span<const uint8_t> payload = CodeBlock(pcm);
  const int64_t packet_end =
      std::min(end, std::max(start_, block_start_ - lag));
  output.OnPacket({position_, static_cast<int>(packet_end - position_), payload,
                   static_cast<int>(block_start_ - block_start),
                   block_start == start_});
  position_ = packet_end;

  zero_blocks_ = zero ? zero_blocks_ + 1 : 0;
  had_sound_ |= !zero;
  const int hangover = had_sound_ ? shape_.hangover_packets : 1;
  if (end == kNoEnd && zero_blocks_ >= hangover) {
    silent_ = true;
    output.OnSilence(position_);
  }
}

}  // namespace earshot
