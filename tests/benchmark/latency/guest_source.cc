// Plays the impulse signal as a guest, over a vhost-user socket, until it is
// killed: it keeps the ring of its sound card full, and refills a period when
// that comes back. Says, a line each:
//   sent NUMBER ID NS         the period was put into the ring
//   passed NUMBER NS LATENCY_US  the card's clock passed the impulse's begin,
//                             and what the card then said of its own latency
//   guest_source SOCKET PERIOD_FRAMES BUFFER_FRAMES SEED
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/virtio_snd.h"
#include "device/vhost_user/fake_frontend.h"
#include "device/virtio/fake_guest.h"
#include "tests/benchmark/latency/impulse_signal.h"
#include "tests/benchmark/latency/sent_log.h"

namespace earshot {
namespace {

constexpr int kFrameBytes = kImpulseChannels * sizeof(int16_t);
constexpr size_t kPage = 4096;

class Guest {
 public:
  Guest(const std::string& socket, int period_frames, int buffer_frames,
        uint32_t seed)
      : guest_({}),
        vmm_(&guest_, {.socket_path = socket}),
        period_frames_(period_frames),
        buffer_frames_(buffer_frames),
        signal_(seed) {}

  absl::Status Run() {
    absl::Status status = vmm_.Connect();
    if (status.ok()) status = vmm_.Start();
    if (status.ok()) status = SetParams();
    if (status.ok()) status = Command(kSndPcmPrepare);
    for (int i = 0; i < buffer_frames_ / period_frames_; ++i) Queue();
    if (status.ok()) status = Command(kSndPcmStart);
    while (status.ok()) {
      for (const UsedChain& chain : vmm_.WaitForUsed(kSndTxQueue, 1)) {
        status.Update(OnCompleted(chain));
        Queue();
      }
      vmm_.Kick(kSndTxQueue);
    }
    return status;
  }

 private:
  struct Queued {
    int64_t first_frame;
    std::vector<Impulse> impulses;
  };

  absl::Status Request(absl::Span<const uint8_t> request) {
    vmm_.Send(kSndControlQueue, {.readable = {{request.begin(), request.end()}},
                                 .writable = {sizeof(SndHeader)}});
    const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndControlQueue, 1);
    SndHeader answer = {};
    if (!used.empty()) {
      std::memcpy(&answer, used[0].bytes.data(), sizeof(answer));
    }
    return answer.code == static_cast<uint32_t>(SndStatus::kOk)
               ? absl::OkStatus()
               : absl::FailedPreconditionError("a request was refused");
  }

  absl::Status Command(SndCode code) {
    return Request(ToBytes(SndPcmHeader{.header = {code}, .stream_id = 0}));
  }

  absl::Status SetParams() {
    SndPcmSetParams params = {};
    params.header = {.header = {kSndPcmSetParams}, .stream_id = 0};
    params.buffer_bytes = buffer_frames_ * kFrameBytes;
    params.period_bytes = period_frames_ * kFrameBytes;
    params.channels = kImpulseChannels;
    params.format = kSndFormatS16;
    params.rate = kSndRate48000;
    return Request(ToBytes(params));
  }

  void Queue() {
    std::vector<int16_t> period(period_frames_ * kImpulseChannels);
    const int64_t first_frame = signal_.position();
    std::vector<Impulse> impulses = signal_.Render(absl::MakeSpan(period));
    LogSent(impulses, NowNs());
    queued_.push_back({first_frame, std::move(impulses)});
    const auto* bytes = reinterpret_cast<const uint8_t*>(period.data());
    vmm_.Add(kSndTxQueue,
             FakeSoundDriver::TxChain(
                 0, absl::MakeConstSpan(bytes, period_frames_ * kFrameBytes),
                 kPage));
  }

  absl::Status OnCompleted(const UsedChain& chain) {
    const int64_t now_ns = NowNs();
    SndPcmStatus status = {};
    std::memcpy(&status, chain.bytes.data(), sizeof(status));
    if (status.status != static_cast<uint32_t>(SndStatus::kOk)) {
      return absl::InternalError("a period was refused");
    }
    const Queued period = std::move(queued_.front());
    queued_.pop_front();
    for (const Impulse& impulse : period.impulses) {
      const int64_t left =
          period.first_frame + period_frames_ - impulse.first_frame;
      std::fprintf(
          stderr, "passed %lld %lld %lld\n",
          static_cast<long long>(impulse.number),
          static_cast<long long>(now_ns - left * 1000000000 / kImpulseRate),
          static_cast<long long>(int64_t{status.latency_bytes} / kFrameBytes *
                                 1000000 / kImpulseRate));
    }
    return absl::OkStatus();
  }

  FakeGuest guest_;
  vhost_user::FakeFrontend vmm_;
  const int period_frames_;
  const int buffer_frames_;
  ImpulseSignal signal_;
  std::deque<Queued> queued_;
};

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr,
                 "guest_source SOCKET PERIOD_FRAMES BUFFER_FRAMES SEED\n");
    return 2;
  }
  earshot::Guest guest(argv[1], std::atoi(argv[2]), std::atoi(argv[3]),
                       std::strtoul(argv[4], nullptr, 10));
  const absl::Status status = guest.Run();
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
