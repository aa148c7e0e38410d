#include "server/epoch_player.h"

#include <algorithm>
#include <utility>

namespace earshot {

EpochPlayer::EpochPlayer(const EpochParams& params)
    : params_(params), seam_(params.rate_hz, params.channels) {
  auto decoder = PacketDecoder::Create(params);
  if (decoder.ok()) decoder_ = std::move(*decoder);
}

int64_t EpochPlayer::FramesIn(absl::Span<const float> sound) const {
  return static_cast<int64_t>(sound.size()) / params_.channels;
}

int64_t EpochPlayer::decoded_frames() const {
  return static_cast<int64_t>(pcm_.size() - pcm_used_) / params_.channels;
}

int64_t EpochPlayer::Do(const Epoch::Step& step, absl::Span<float>* out) {
  using Kind = Epoch::Step::Kind;
  switch (step.kind) {
    case Kind::kCopy:
    case Kind::kZeros: {
      const absl::Span<float> sound =
          out->first(static_cast<size_t>(step.frames) *
                     static_cast<size_t>(params_.channels));
      out->remove_prefix(sound.size());
      if (step.kind == Kind::kCopy) {
        Copy(sound);
      } else {
        std::fill(sound.begin(), sound.end(), 0.0f);
      }
      seam_.Media(sound);
      return step.frames;
    }
    case Kind::kRestart:
      if (decoder_ != nullptr) decoder_->Restart();
      seam_.Skipped();
      break;
    case Kind::kDecode:
      Decode(step);
      break;
    case Kind::kNothing:
      break;
  }
  return 0;
}

void EpochPlayer::Rest(bool silent, absl::Span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  if (silent) {
    seam_.Silence();
  } else {
    seam_.Gap(out);
  }
}

void EpochPlayer::Copy(absl::Span<float> to) {
  std::copy_n(pcm_.begin() + static_cast<ptrdiff_t>(pcm_used_), to.size(),
              to.begin());
  pcm_used_ += to.size();
}

void EpochPlayer::Decode(const Epoch::Step& step) {
  pcm_used_ = 0;
  if (decoder_ != nullptr &&
      decoder_->Decode(step.payload, static_cast<int>(step.frames), &pcm_)
          .ok()) {
    return;
  }
  // Packets are checked when they come, so a decoder hardly ever stumbles; if
  // it does, silence keeps positions exact.
  pcm_.assign(
      static_cast<size_t>(step.frames) * static_cast<size_t>(params_.channels),
      0.0f);
}

}  // namespace earshot
