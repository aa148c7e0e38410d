#ifndef EARSHOT_TESTS_INTEGRATION_SOUND_GUEST_H_
#define EARSHOT_TESTS_INTEGRATION_SOUND_GUEST_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/sound/virtio_snd.h"
#include "device/vhost_user/fake_frontend.h"
#include "device/virtio/fake_guest.h"

namespace earshot {

// A guest that plays as Linux's virtio_snd does, over a vhost-user socket, in
// real time: the device in the other process paces it.
class SoundGuest {
 public:
  struct Params {
    SndFormat format = kSndFormatS16;
    uint8_t channels = 2;
    SndRate rate = kSndRate48000;
    int period_frames = 480;
    int buffer_frames = 1920;

    int FrameBytes() const;
  };

  // Sound that is made as it is played: fills the span with the bytes from
  // `offset` on.
  using Source = std::function<void(size_t offset, absl::Span<uint8_t> bytes)>;

  // Connects to the device's socket and starts the driver.
  static absl::StatusOr<std::unique_ptr<SoundGuest>> Connect(
      const std::string& socket_path);

  // From SET_PARAMS to START, with a full ring queued.
  absl::Status Begin(const Params& params, absl::Span<const uint8_t> pcm);
  absl::Status Begin(const Params& params, size_t bytes, Source source);
  // Waits for the device to complete something, at most so long, and counts
  // it. The ring is as it was: what was completed is not queued anew.
  absl::StatusOr<int> CollectWithin(std::chrono::microseconds timeout);
  // Fills the ring up.
  void Refill() { Queue(); }
  // Keeps the ring full until all but `keep_bytes` of the sound has completed.
  absl::Status PlayOn(size_t keep_bytes = 0);
  // STOP and RELEASE, which the device answers within the driver's second.
  absl::Status End();
  // All of it.
  absl::Status Play(const Params& params, absl::Span<const uint8_t> pcm);

  absl::Status Command(SndCode code);
  vhost_user::FakeFrontend& vmm() { return vmm_; }
  size_t completed_bytes() const { return completed_; }
  size_t queued_bytes() const { return queued_; }  // completed ones, too
  // Of the last buffer that completed.
  uint32_t latency_bytes() const { return latency_bytes_; }

 private:
  explicit SoundGuest(const std::string& socket_path);
  absl::Status Request(absl::Span<const uint8_t> request);
  void Queue();
  absl::Status Collect(size_t count);
  absl::Status Count(const std::vector<UsedChain>& used);

  FakeGuest guest_;
  vhost_user::FakeFrontend vmm_;
  Params params_;
  Source source_;
  size_t size_ = 0;       // bytes
  size_t queued_ = 0;     // bytes
  size_t completed_ = 0;  // bytes
  uint32_t latency_bytes_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_SOUND_GUEST_H_
