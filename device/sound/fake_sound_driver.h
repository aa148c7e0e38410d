#ifndef EARSHOT_DEVICE_SOUND_FAKE_SOUND_DRIVER_H_
#define EARSHOT_DEVICE_SOUND_FAKE_SOUND_DRIVER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/fake_driver.h"

namespace earshot {

// A guest's virtio-sound driver for tests, over FakeDriver: what Linux sends,
// and anything else.
class FakeSoundDriver {
 public:
  struct Answer {
    uint64_t token = 0;
    SndStatus status = SndStatus::kOk;
    uint32_t latency_bytes = 0;
  };

  // `device` outlives the driver. Starts it.
  explicit FakeSoundDriver(VirtioDevice* device,
                           FakeGuest::Options options = {});

  // A request and the bytes of its answer, of which there is room for
  // `answer_size`. The device answers at once, or the test aborts.
  std::vector<uint8_t> Request(const std::vector<uint8_t>& request,
                               uint32_t answer_size = sizeof(SndHeader));
  SndStatus Command(SndCode code, uint32_t stream_id);
  SndStatus SetParams(const SndPcmSetParams& params);
  // The usual ones; sizes in bytes.
  SndStatus SetParams(uint32_t stream_id, uint32_t buffer_bytes,
                      uint32_t period_bytes, SndFormat format = kSndFormatS16,
                      uint8_t channels = 2);

  // A TX chain as Linux makes it: the header, the payload split every
  // `split_bytes` (0 for not at all), the status.
  static FakeChain TxChain(uint32_t stream_id,
                           absl::Span<const uint8_t> payload,
                           size_t split_bytes = 0);
  // With an indirect table if it was cut.
  uint64_t SendTx(uint32_t stream_id, absl::Span<const uint8_t> payload,
                  size_t split_bytes = 0);
  // Makes it available without a kick.
  uint64_t AddTx(uint32_t stream_id, absl::Span<const uint8_t> payload,
                 size_t split_bytes = 0);
  // The TX buffers that came back, in that order.
  std::vector<Answer> CollectTx();

  FakeDriver& driver() { return driver_; }
  void Advance(MonotonicTime::duration duration) { driver_.Advance(duration); }

 private:
  FakeDriver driver_;
};

template <typename T>
std::vector<uint8_t> ToBytes(const T& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  return std::vector<uint8_t>(bytes, bytes + sizeof(T));
}

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_FAKE_SOUND_DRIVER_H_
