#ifndef EARSHOT_SINKS_ALSA_CARD_H_
#define EARSHOT_SINKS_ALSA_CARD_H_

#include <alsa/asoundlib.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codec/channel_layout.h"
#include "sinks/channel_mix.h"

namespace earshot {

// A PCM of libasound, open for playback: what is written to it is heard one
// buffer later. Float, or S16 where the PCM takes no float; with as many
// channels as the stream if it can, else with more, else with fewer. One
// thread.
class AlsaCard {
 public:
  // Does not block for long: a PCM in use is an error.
  static absl::StatusOr<std::unique_ptr<AlsaCard>> Open(
      const std::string& pcm, int rate_hz, const ChannelLayout& layout,
      std::chrono::microseconds period);
  ~AlsaCard();

  AlsaCard(const AlsaCard&) = delete;
  AlsaCard& operator=(const AlsaCard&) = delete;

  // Waits for room, for `timeout` at most. How many frames may be written: 0,
  // or a period. After an underrun or a suspension the card goes on; an error
  // means that it is gone.
  absl::StatusOr<int64_t> Wait(std::chrono::milliseconds timeout);
  // Takes the stream's channels.
  absl::Status Write(absl::Span<const float> samples);
  // What a frame that is written now has to wait.
  std::chrono::nanoseconds Delay();

  int64_t buffer_frames() const { return static_cast<int64_t>(buffer_frames_); }
  // How often it ran dry.
  int64_t underruns() const { return underruns_; }

 private:
  AlsaCard(snd_pcm_t* pcm, int rate_hz, ChannelLayout layout)
      : pcm_(pcm),
        rate_hz_(rate_hz),
        layout_(std::move(layout)),
        mix_(layout_, layout_) {}

  absl::Status Configure(std::chrono::microseconds period);
  absl::Status Recover(int error);

  snd_pcm_t* const pcm_;
  const int rate_hz_;
  const ChannelLayout layout_;  // of the stream
  ChannelMix mix_;              // from it to the card's
  bool s16_ = false;
  snd_pcm_uframes_t period_frames_ = 0;
  snd_pcm_uframes_t buffer_frames_ = 0;
  int64_t underruns_ = 0;
  std::vector<float> mixed_;
  std::vector<int16_t> samples_s16_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_ALSA_CARD_H_
