// A guest that changes each byte of its memory as soon as the device has read
// it: what was read once must not be read again to decide on. Two devices get
// the same guest, one of them with such a memory; until the guest acts again,
// they must have done the same.
//
// Not changed are the fields that are there to be polled: the available index,
// the flag beside it, and the event behind the ring. Each look at those stands
// for itself.
//
// It takes a build that shows loads (--config=fuzz); in others both memories
// stand still.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "bazel/fuzz_input.h"
#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "device/virtio/load_hook.h"
#include "device/virtio/split_ring.h"

namespace earshot {
namespace {

constexpr int kStreams = 2;
constexpr size_t kPeriodBytes = 4 * 240;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Changes what was read before the next byte is.
class HostileMemory {
 public:
  HostileMemory(FakeGuest& guest, uint8_t mask)
      : guest_(guest), mask_(mask == 0 ? 0xff : mask) {
    for (int i = 0; i < guest.queue_count(); ++i) {
      const Virtqueue::Layout& layout = guest.ring(i).layout();
      Poll(layout.avail_ring, kAvailRingOffset);
      Poll(layout.avail_ring + UsedEventOffset(layout.size), 2);
    }
  }

  template <typename Call>
  void During(Call call) {
    const auto& regions = guest_.ram().regions();
    {
      LoadHook hook(absl::MakeSpan(regions.front().host, regions.front().size),
                    [this](uint8_t* address, size_t size) {
                      Change();
                      read_ = absl::MakeSpan(address, size);
                    });
      call();
    }
    // The guest's next step begins with what it knows.
    read_ = {};
    for (; !changes_.empty(); changes_.pop_back()) {
      const auto& [address, before, after] = changes_.back();
      if (*address == after) *address = before;
    }
  }

 private:
  struct Changed {
    uint8_t* address;
    uint8_t before;
    uint8_t after;
  };

  void Poll(uint64_t user_address, size_t size) {
    const auto& region = guest_.ram().regions().front();
    polled_.push_back(absl::MakeSpan(
        region.host + (user_address - region.user_address), size));
  }
  void Change() {
    for (const absl::Span<uint8_t>& polled : polled_) {
      if (read_.data() >= polled.data() &&
          read_.data() < polled.data() + polled.size()) {
        return;
      }
    }
    for (uint8_t& byte : read_) {
      const uint8_t before = byte;
      byte = static_cast<uint8_t>(byte ^ mask_);
      changes_.push_back({&byte, before, byte});
    }
  }

  FakeGuest& guest_;
  const uint8_t mask_;
  std::vector<absl::Span<uint8_t>> polled_;
  absl::Span<uint8_t> read_;
  std::vector<Changed> changes_;
};

// A device with its guest. The guest's own books are the fake driver's.
struct World {
  explicit World(uint8_t mask) : hostile(guest.driver().guest(), mask) {}

  FakePcmOutput outputs[kStreams];
  SoundDevice device{{&outputs[0], &outputs[1]},
                     {.offer = {}, .controls = true}};
  FakeSoundDriver guest{&device};
  HostileMemory hostile;
};

class Fuzz {
 public:
  Fuzz(const uint8_t* data, size_t size)
      : input_(data, size), mask_(input_.Int<uint8_t>()) {}

  void Run() {
    // Most inputs are about streams that play.
    if (input_.Bool()) {
      for (uint32_t id = 0; id < kStreams; ++id) {
        Request(Params(id));
        Request(ToBytes(SndPcmHeader{{kSndPcmPrepare}, id}));
      }
    }
    for (int i = 0; i < 40 && !input_.empty(); ++i) {
      Step();
      Compare();
    }
  }

 private:
  void Step() {
    switch (input_.Range(0, 9)) {
      case 0:
        return Request(
            ToBytes(SndPcmHeader{{input_.Pick({kSndPcmPrepare, kSndPcmStart,
                                               kSndPcmStop, kSndPcmRelease})},
                                 input_.Range<uint32_t>(0, kStreams)}));
      case 1:
        return Request(Params(input_.Range<uint32_t>(0, kStreams)));
      case 2:
        return Request(ToBytes(SndQueryInfo{
            {input_.Pick({kSndJackInfo, kSndPcmInfo, kSndChmapInfo, kSndCtlInfo,
                          kSndCtlRead, kSndCtlWrite, kSndCtlTlvRead})},
            input_.Range<uint32_t>(0, 2),
            input_.Range<uint32_t>(0, 3),
            32}));
      case 3:
        return Request(input_.Bytes(input_.Range<size_t>(1, 80)));
      case 4:
      case 5:
        return Tx();
      case 6:
        return Add(input_.Pick({kSndRxQueue, kSndEventQueue}),
                   {.readable = {{0, 0, 0, 0}},
                    .writable = {input_.Range<uint32_t>(1, 24)}});
      case 7:
        return Descriptor();
      default:
        now_ += std::chrono::microseconds(input_.Range(0, 20000));
        return Turn([this](SoundDevice& device) { device.OnTimer(now_); });
    }
  }

  std::vector<uint8_t> Params(uint32_t id) {
    SndPcmSetParams params{{{kSndPcmSetParams}, id},
                           4 * kPeriodBytes,
                           kPeriodBytes,
                           0,
                           2,
                           kSndFormatS16,
                           kSndRate48000,
                           0};
    if (input_.Range(0, 3) == 0) {
      params.buffer_bytes = input_.Int<uint32_t>();
      params.format = input_.Int<uint8_t>();
      params.channels = input_.Int<uint8_t>();
    }
    return ToBytes(params);
  }

  void Request(const std::vector<uint8_t>& request) {
    if (request.empty()) return;
    FakeChain chain{.writable = {4 + 128}};
    Split(request, chain);
    Add(kSndControlQueue, chain);
  }

  void Tx() {
    FakeChain chain{.writable = {8}};
    std::vector<uint8_t> bytes =
        ToBytes(SndPcmXfer{input_.Range<uint32_t>(0, kStreams)});
    bytes.resize(4 + input_.Range<size_t>(0, kPeriodBytes),
                 input_.Int<uint8_t>());
    Split(bytes, chain);
    Add(kSndTxQueue, chain);
  }

  void Split(const std::vector<uint8_t>& bytes, FakeChain& chain) {
    chain.indirect = input_.Bool();
    const size_t part = input_.Bool() ? bytes.size()
                                      : std::max<size_t>(bytes.size() / 8 + 1,
                                                         input_.Int<uint8_t>());
    for (size_t at = 0; at < bytes.size(); at += part) {
      chain.readable.emplace_back(
          bytes.begin() + at,
          bytes.begin() + std::min(bytes.size(), at + part));
    }
  }

  void Add(int queue, const FakeChain& chain) {
    if (!worlds_[0]->guest.driver().ring(queue).HasRoomFor(chain)) return;
    for (auto& world : worlds_) world->guest.driver().Add(queue, chain);
    if (input_.Range(0, 3) == 0) return;  // another follows
    Turn([&](SoundDevice& device) { device.OnKick(queue, now_); });
  }

  // A chain that no driver would make.
  void Descriptor() {
    const int queue = input_.Range(0, 3);
    const auto index = input_.Range<uint16_t>(56, 63);
    SplitDescriptor descriptor;
    const auto& region = worlds_[0]->guest.driver().guest().ram().regions()[0];
    descriptor.address =
        region.guest_address + (4 << 20) + input_.Int<uint8_t>() * 16;
    if (input_.Range(0, 7) == 0) {
      descriptor.address = input_.Int<uint64_t>();
    }
    descriptor.length = input_.Range<uint32_t>(0, 256);
    descriptor.flags = input_.Range<uint16_t>(0, 7);
    descriptor.next = input_.Range<uint16_t>(56, 64);
    const bool publish = input_.Bool();
    for (auto& world : worlds_) {
      DriverRing& ring = world->guest.driver().ring(queue);
      *ring.descriptor(index) = descriptor;
      if (publish) ring.PublishHead(index);
    }
    if (!publish) return;
    Turn([&](SoundDevice& device) { device.OnKick(queue, now_); });
  }

  template <typename Call>
  void Turn(Call call) {
    call(worlds_[0]->device);
    worlds_[1]->hostile.During([&] { call(worlds_[1]->device); });
  }

  void Compare() {
    World& still = *worlds_[0];
    World& hostile = *worlds_[1];
    for (int queue = 0; queue < kSndQueueCount; ++queue) {
      const std::vector<UsedChain> a = still.guest.driver().Collect(queue);
      const std::vector<UsedChain> b = hostile.guest.driver().Collect(queue);
      Require(a.size() == b.size(), "another number of answers");
      for (size_t i = 0; i < a.size(); ++i) {
        Require(a[i].token == b[i].token && a[i].written == b[i].written,
                "another chain was answered");
        Require(a[i].bytes == b[i].bytes, "another answer");
      }
    }
    for (int i = 0; i < kStreams; ++i) {
      Require(still.outputs[i].calls() == hostile.outputs[i].calls(),
              "another command was carried out");
      Require(still.outputs[i].epochs().size() ==
                      hostile.outputs[i].epochs().size() &&
                  (still.outputs[i].epochs().empty() ||
                   still.outputs[i].epoch().bytes ==
                       hostile.outputs[i].epoch().bytes),
              "other sound");
      Require(still.device.stream(i).queued_end() ==
                  hostile.device.stream(i).queued_end(),
              "other buffers were queued");
    }
    Require(
        still.device.NextDeadline(now_) == hostile.device.NextDeadline(now_),
        "another deadline");
  }

  FuzzInput input_;
  const uint8_t mask_;
  MonotonicTime now_ = MonotonicTime(std::chrono::hours(2));
  std::unique_ptr<World> worlds_[2] = {std::make_unique<World>(mask_),
                                       std::make_unique<World>(mask_)};
};

// Whether loads can be seen: said once, since without it little is proven.
bool SeesLoads() {
  uint8_t byte = 1;
  bool seen = false;
  {
    LoadHook hook(absl::MakeSpan(&byte, 1),
                  [&](uint8_t*, size_t) { seen = true; });
    const volatile uint8_t* load = &byte;
    (void)*load;
  }
  return seen;
}

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool started = [] {
    spdlog::set_level(spdlog::level::off);
    std::fprintf(stderr, "loads are %s\n",
                 earshot::SeesLoads() ? "seen" : "not seen by this build");
    return true;
  }();
  (void)started;
  earshot::Fuzz(data, size).Run();
  return 0;
}
