#ifndef EARSHOT_DEVICE_SOUND_FAKE_PCM_OUTPUT_H_
#define EARSHOT_DEVICE_SOUND_FAKE_PCM_OUTPUT_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "device/sound/pcm_output.h"

namespace earshot {

// A PcmOutput for tests: a clock in virtual time, whose far end grants what the
// test says. Records the calls and the bytes.
class FakePcmOutput final : public PcmOutput {
 public:
  // How far the clock may run past the end of the queue, in frames: 20 ms.
  static constexpr int64_t kMaxStarvedFrames = 960;

  // One Write() may come in several pieces: they are not among the calls.
  struct Epoch {
    PcmParams params;
    std::vector<uint8_t> bytes;
    bool released = false;
    int64_t frames() const {
      return static_cast<int64_t>(bytes.size()) / FrameBytes(params);
    }
  };

  // The clock's rate against nominal.
  void set_speed(double speed) { speed_ = speed; }
  // The position up to which sound may leave.
  void set_granted(int64_t frames) { granted_ = frames; }
  // Asks for sound at multiples of this too; 0 for at buffers' ends only.
  void set_packet_frames(int64_t frames) { packet_frames_ = frames; }
  void set_delay_frames(int64_t frames) { delay_frames_ = frames; }
  void set_connected(bool connected) { connected_ = connected; }
  // Called at each Release().
  void set_on_release(std::function<void()> on_release) {
    on_release_ = std::move(on_release);
  }
  // Forget bytes, only count them: for long runs.
  void set_record_bytes(bool record) { record_bytes_ = record; }

  // "prepare", "start", "stop", "release", in order.
  const std::vector<std::string>& calls() const { return calls_; }
  const std::vector<Epoch>& epochs() const { return epochs_; }
  const Epoch& epoch() const { return epochs_.back(); }
  int64_t written_frames() const { return written_frames_; }  // this epoch
  int64_t due_queries() const { return due_queries_; }
  // The first broken rule of the border, empty if there is none.
  const std::string& misuse() const { return misuse_; }

  // PcmOutput:
  void Prepare(const PcmParams& params, MonotonicTime now) override;
  void Start(MonotonicTime now) override;
  void Stop(MonotonicTime now) override;
  int64_t DuePosition(int64_t queued_end, MonotonicTime now) override;
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const override;
  void Write(absl::Span<const uint8_t> frames, MonotonicTime now) override;
  int64_t DelayFrames(MonotonicTime) const override { return delay_frames_; }
  bool IsConnected() const override { return connected_; }
  void SetVolume(const StreamVolume& volume, MonotonicTime) override {
    volume_ = volume;
  }
  StreamVolume volume() const override { return volume_; }
  void Release(MonotonicTime now) override;

 private:
  double ClockAt(MonotonicTime now) const;  // frames
  void AnchorClock(double position, MonotonicTime now);
  void Expect(bool condition, const char* rule);

  double speed_ = 1.0;
  int64_t granted_ = std::numeric_limits<int64_t>::max();
  int64_t packet_frames_ = 0;
  int64_t delay_frames_ = 0;
  bool record_bytes_ = true;
  bool connected_ = true;
  StreamVolume volume_;
  std::function<void()> on_release_;

  PcmParams params_;
  bool prepared_ = false;
  bool running_ = false;
  double anchor_position_ = 0;
  MonotonicTime anchor_time_{};
  int64_t due_ = 0;
  int64_t written_frames_ = 0;

  std::vector<std::string> calls_;
  std::vector<Epoch> epochs_;
  int64_t due_queries_ = 0;
  std::string misuse_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_FAKE_PCM_OUTPUT_H_
