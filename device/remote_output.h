#ifndef EARSHOT_DEVICE_REMOTE_OUTPUT_H_
#define EARSHOT_DEVICE_REMOTE_OUTPUT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "client/remote_player.h"
#include "device/sound/pcm_output.h"

namespace earshot {

// Plays a guest's PCM stream at the playback service: the PcmOutput over a
// RemotePlayer. It converts samples and nothing else; clocks, credits and
// free-run are the player's.
// Thread: the device's loop.
class RemoteOutput : public PcmOutput {
 public:
  // With `drop_on_release`, what the guest has queued when it closes its stream
  // is not played any more: that is what is written while the clock is stopped.
  RemoteOutput(std::unique_ptr<RemotePlayer> player, bool drop_on_release);

  RemotePlayer& player() { return *player_; }
  const RemotePlayer& player() const { return *player_; }

  void Prepare(const PcmParams& params, MonotonicTime now) override;
  void Start(MonotonicTime now) override;
  void Stop(MonotonicTime now) override;
  int64_t DuePosition(int64_t queued_end, MonotonicTime now) override;
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const override;
  void Write(absl::Span<const uint8_t> frames, MonotonicTime now) override;
  int64_t DelayFrames(MonotonicTime now) const override;
  bool IsConnected() const override;
  void SetVolume(const StreamVolume& volume, MonotonicTime now) override;
  StreamVolume volume() const override;
  void Release(MonotonicTime now) override;

 private:
  const std::unique_ptr<RemotePlayer> player_;
  const bool drop_on_release_;
  bool running_ = false;
  PcmParams params_;
  std::vector<float> samples_;  // reused
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_REMOTE_OUTPUT_H_
