// A VM's whole life with its sound card: a VMM that speaks vhost-user over a
// socket, with file descriptors; a driver with commands and buffers; kicks that
// are lost; memory that comes and goes; pauses, resets, and a far end that
// stalls, in virtual time. The back-end's session and the sound device are the
// real ones, only the sound's far end is a fake.
//
// What holds, as long as the guest and the VMM keep to the rules: every buffer
// is answered once, and those of a stream in their order; nothing but OK or
// IO_ERR on a data queue; RELEASE after all that was pending. Where they do
// not: nothing breaks, and the next driver finds a device that plays.
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bazel/fuzz_input.h"
#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/send_with_fds.h"
#include "device/vhost_user/session.h"
#include "device/virtio/fake_guest.h"
#include "device/virtio/features.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using vhost_user::Request;
using vhost_user::UniqueFd;

constexpr uint32_t kStreams = 2;
constexpr int kPeriodFrames = 240;  // 5 ms
constexpr uint32_t kPeriodBytes = 4 * kPeriodFrames;
constexpr int kMaxSteps = 120;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// A VMM that is connected.
struct Vmm {
  UniqueFd socket;  // its end
  UniqueFd device_end;
  std::unique_ptr<vhost_user::Connection> connection;
  std::unique_ptr<vhost_user::Session> session;
  bool open = true;
  UniqueFd kicks[kSndQueueCount];
  UniqueFd calls[kSndQueueCount];
  uint32_t bases[kSndQueueCount] = {};
};

class Fuzz {
 public:
  explicit Fuzz(FuzzInput input) : input_(input) {
    for (FakePcmOutput& output : outputs_) output.set_record_bytes(false);
    extra_ = UniqueFd(memfd_create("extra", MFD_CLOEXEC));
    Require(ftruncate(extra_.get(), 4096 + 123) == 0, "no memory");
  }

  void Run() {
    Connect();
    if (input_.Bool()) StartDriver();
    for (int i = 0; i < kMaxSteps && !input_.empty(); ++i) {
      Step();
      Collect();
      for (const FakePcmOutput& output : outputs_) {
        Require(output.misuse().empty(), output.misuse().c_str());
      }
    }
    PlayAfterAll();
    Disconnect();
  }

 private:
  struct Buffer {
    uint64_t token = 0;
    uint32_t stream = 0;
  };

  void Step() {
    switch (input_.Range(0, 19)) {
      case 0:
        return StartDriver();
      case 1:
        return Pause();
      case 2:
        return Resume();
      case 3:
        return ChangeMemory();
      case 4:
        return AnyMessage();
      case 5:
        return Ring();
      case 6:
        if (!input_.Seldom(4)) return;
        Disconnect();
        return Connect();
      case 7:
        return SetOutput();
      case 8:
        if (input_.Seldom(8)) return Poke();
        return KickQueue(input_.Range(0, 3));
      case 9:
        return AnyRequest();
      case 10:
      case 11:
        return Command();
      case 12:
      case 13:
      case 14:
        return Tx();
      default:
        return Advance(microseconds(input_.Int<uint16_t>() / 4));
    }
  }

  // --- The VMM.

  void Connect() {
    int ends[2];
    Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0,
            "no socket");
    vmm_.emplace();
    vmm_->socket = UniqueFd(ends[0]);
    vmm_->device_end = UniqueFd(ends[1]);
    vmm_->connection = std::make_unique<vhost_user::Connection>(ends[1]);
    vmm_->session = std::make_unique<vhost_user::Session>(
        &device_, [](int, int) { return absl::OkStatus(); }, now_);
    for (int i = 0; i < kSndQueueCount; ++i) {
      vmm_->kicks[i] = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
      vmm_->calls[i] = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    }
    Forget();
    rules_kept_ = false;  // until a driver has started
    running_ = false;
  }

  void Disconnect() {
    vmm_->session->Close(now_);
    vmm_.reset();
    Forget();
    rules_kept_ = running_ = false;
  }

  // What the device does with a message; the reply, if there is one.
  template <typename T>
  std::vector<uint8_t> Say(Request request, const T& payload,
                           const std::vector<int>& fds = {}) {
    return SayBytes(static_cast<uint32_t>(request), ToBytes(payload), fds);
  }
  std::vector<uint8_t> SayBytes(uint32_t request,
                                const std::vector<uint8_t>& payload,
                                const std::vector<int>& fds) {
    if (!vmm_->open) return {};
    const vhost_user::Header header{
        request, vhost_user::kVersion | vhost_user::kNeedReplyFlag,
        static_cast<uint32_t>(payload.size())};
    std::vector<uint8_t> bytes = ToBytes(header);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    vhost_user::SendWithFds(vmm_->socket.get(), bytes, fds,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
    for (;;) {
      auto message = vmm_->connection->Read();
      vmm_->open = vmm_->open && message.ok();
      if (!message.ok() || !message->has_value()) break;
      const uint32_t id = (*message)->header.request;
      auto reply = vmm_->session->Handle(**std::move(message), now_);
      vmm_->open = reply.ok();
      if (!reply.ok()) break;
      if (reply->has_value()) {
        vmm_->open = vmm_->connection->Reply(id, **reply).ok();
      }
    }
    Check();
    uint8_t reply[4096];
    const ssize_t n =
        recv(vmm_->socket.get(), reply, sizeof(reply), MSG_DONTWAIT);
    if (n <= static_cast<ssize_t>(sizeof(header))) return {};
    return std::vector<uint8_t>(reply + sizeof(header), reply + n);
  }

  void SendMemory(bool table) {
    const auto& regions = guest_.ram().regions();
    std::vector<uint8_t> payload = ToBytes(vhost_user::MemoryTableHeader{
        static_cast<uint32_t>(regions.size()), 0});
    std::vector<int> fds;
    for (size_t i = 0; i < regions.size(); ++i) {
      const vhost_user::MemoryRegion region{
          regions[i].guest_address, regions[i].size, regions[i].user_address,
          i * guest_.ram().region_size()};
      if (!table) {
        Say(Request::kAddMemReg, vhost_user::SingleMemoryRegion{0, region},
            {guest_.ram().fd()});
      }
      const std::vector<uint8_t> bytes = ToBytes(region);
      payload.insert(payload.end(), bytes.begin(), bytes.end());
      fds.push_back(guest_.ram().fd());
    }
    if (table) {
      SayBytes(static_cast<uint32_t>(Request::kSetMemTable), payload, fds);
    }
  }

  void StartRing(int i, uint32_t base) {
    const auto index = static_cast<uint32_t>(i);
    const Virtqueue::Layout& layout = guest_.ring(i).layout();
    Say(Request::kSetVringNum, vhost_user::VringState{index, layout.size});
    Say(Request::kSetVringBase, vhost_user::VringState{index, base});
    Say(Request::kSetVringAddr,
        vhost_user::VringAddress{index, 0, layout.descriptor_table,
                                 layout.used_ring, layout.avail_ring, 0});
    Say(Request::kSetVringKick, uint64_t{index}, {vmm_->kicks[i].get()});
    Say(Request::kSetVringCall, uint64_t{index}, {vmm_->calls[i].get()});
  }
  void Enable(bool on) {
    for (uint32_t i = 0; i < kSndQueueCount; ++i) {
      Say(Request::kSetVringEnable, vhost_user::VringState{i, on ? 1u : 0u});
    }
  }

  // The driver resets the device and begins anew.
  void StartDriver() {
    if (!vmm_->open) {
      Disconnect();
      Connect();
    }
    if (running_) Pause();
    const bool event_idx = input_.Bool();
    guest_.ResetRings(event_idx);
    Forget();
    uint64_t features = kFeatureVersion1 | kFeatureIndirect |
                        vhost_user::kFeatureProtocolFeatures |
                        device_.device_features();
    if (event_idx) features |= kFeatureEventIdx;
    Say(Request::kSetFeatures, features);
    SendMemory(true);
    for (int i = 0; i < kSndQueueCount; ++i) StartRing(i, 0);
    Enable(true);
    rules_kept_ = running_ = true;
  }

  void Pause() {
    if (!running_) return;
    Enable(false);
    for (uint32_t i = 0; i < kSndQueueCount; ++i) {
      const std::vector<uint8_t> reply =
          Say(Request::kGetVringBase, vhost_user::VringState{i, 0});
      vhost_user::VringState state;
      if (reply.size() != sizeof(state)) continue;
      std::memcpy(&state, reply.data(), sizeof(state));
      vmm_->bases[i] = state.num;
    }
    running_ = false;
  }

  void Resume() {
    if (running_ || !rules_kept_ || !vmm_->open) return;
    // Of what comes back out of order the ring cannot tell.
    if (out_of_order_) rules_kept_ = false;
    // With base 0 the device takes it for a new driver; what the rings hold
    // still comes back.
    if (vmm_->bases[kSndControlQueue] == 0) releases_.clear();
    for (int i = 0; i < kSndQueueCount; ++i) StartRing(i, vmm_->bases[i]);
    Enable(true);
    running_ = true;
  }

  void ChangeMemory() {
    const auto& regions = guest_.ram().regions();
    switch (input_.Range(0, 3)) {
      case 0:
        return SendMemory(true);
      case 1: {
        // The region that holds no rings goes, and comes back.
        const vhost_user::SingleMemoryRegion region{
            0,
            {regions[1].guest_address, regions[1].size, regions[1].user_address,
             guest_.ram().region_size()}};
        Say(Request::kRemMemReg, region);
        Advance(milliseconds(1));
        Say(Request::kAddMemReg, region, {guest_.ram().fd()});
        return;
      }
      case 2:
        // A file of an odd size, mapped anywhere.
        Say(Request::kAddMemReg,
            vhost_user::SingleMemoryRegion{
                0,
                {uint64_t{input_.Int<uint32_t>()} << 12,
                 input_.Pick<uint64_t>({1, 123, 4096, 4097, 4219, 4220, 8192}),
                 uint64_t{input_.Int<uint32_t>()} << 12,
                 input_.Pick<uint64_t>({0, 1, 4096})}},
            {extra_.get()});
        return;
      default:
        SendMemory(false);  // all of it is there already
    }
  }

  void AnyMessage() {
    const uint32_t request = input_.Range<uint32_t>(0, 45);
    std::vector<uint8_t> payload(input_.Pick<size_t>({0, 4, 8, 12, 40, 44}));
    for (size_t at = 0; at + 4 <= payload.size(); at += 4) {
      const uint32_t word = input_.Int();
      std::memcpy(payload.data() + at, &word, sizeof(word));
    }
    std::vector<int> fds;
    for (int i = input_.Range(0, 9); i > 0 && input_.Bool(); --i) {
      fds.push_back(
          input_.Pick({extra_.get(), vmm_->kicks[0].get(), guest_.ram().fd()}));
    }
    SayBytes(request, payload, fds);
    rules_kept_ = false;
  }

  // What a VMM may say of a ring at any time.
  void Ring() {
    const int i = input_.Range(0, kSndQueueCount - 1);
    const auto index = static_cast<uint32_t>(i);
    switch (input_.Range(0, 3)) {
      case 0:
        Say(Request::kSetVringKick, uint64_t{index}, {vmm_->kicks[i].get()});
        return;
      case 1:
        Say(Request::kSetVringCall, uint64_t{index}, {vmm_->calls[i].get()});
        return;
      case 2:
        Say(Request::kGetConfig, vhost_user::ConfigHeader{input_.Int(), 0, 0});
        return;
      default:
        if (!running_) return;
        out_of_order_ = true;  // with other queues, at least
        if (rules_kept_) rules_kept_ = false;
        Say(Request::kSetVringEnable, vhost_user::VringState{index, 0});
        Advance(milliseconds(2));
        Say(Request::kSetVringEnable, vhost_user::VringState{index, 1});
    }
  }

  // --- The guest.

  void KickQueue(int queue) {
    guest_.ring(queue).NeedsKick();
    eventfd_write(vmm_->kicks[queue].get(), 1);
    if (!vmm_->open) return;
    vmm_->session->OnKick(queue, now_);
    Check();
  }
  // As the loop does when the device has worked.
  void Check() { vmm_->open = vmm_->open && vmm_->session->Check().ok(); }
  void MaybeKick(int queue) {
    if (input_.Seldom(4)) return;  // lost, or under way
    if (guest_.ring(queue).NeedsKick()) KickQueue(queue);
  }

  void Advance(milliseconds time) { Advance(microseconds(time)); }
  void Advance(microseconds time) {
    const MonotonicTime end = now_ + time;
    for (int timers = 0;; ++timers) {
      const MonotonicTime deadline = device_.NextDeadline(now_);
      if (deadline > end) break;
      Require(timers < 10000, "the deadline does not move");
      now_ = std::max(now_, deadline);
      device_.OnTimer(now_);
    }
    now_ = end;
    Check();
  }

  uint32_t Stream() {
    return input_.Seldom(16) ? input_.Int<uint32_t>()
                             : input_.Range<uint32_t>(0, kStreams - 1);
  }

  void Send(const std::vector<uint8_t>& request, uint32_t room) {
    const FakeChain chain{.readable = {request}, .writable = {room}};
    DriverRing& ring = guest_.ring(kSndControlQueue);
    if (request.empty() || !ring.HasRoomFor(chain)) return;
    const uint64_t token = ring.Add(chain);
    SndPcmHeader header{};
    if (request.size() == sizeof(header)) {
      std::memcpy(&header, request.data(), sizeof(header));
    }
    if (header.header.code == kSndPcmRelease && header.stream_id < kStreams) {
      // Of this stream, as it stands.
      std::vector<uint64_t>& pending = releases_[token];
      for (const Buffer& buffer : buffers_) {
        if (buffer.stream == header.stream_id) pending.push_back(buffer.token);
      }
    }
    MaybeKick(kSndControlQueue);
  }

  void Command() {
    const SndCode code = input_.Pick({kSndPcmPrepare, kSndPcmStart, kSndPcmStop,
                                      kSndPcmRelease, kSndPcmSetParams});
    const uint32_t id = Stream();
    if (code != kSndPcmSetParams) {
      return Send(ToBytes(SndPcmHeader{{code}, id}), 4);
    }
    SndPcmSetParams params{{{code}, id},
                           8 * kPeriodBytes,
                           kPeriodBytes,
                           0,
                           2,
                           kSndFormatS16,
                           kSndRate48000,
                           0};
    if (input_.Seldom(4)) params.period_bytes = input_.Int<uint32_t>();
    if (input_.Seldom(4)) params.format = input_.Int();
    if (input_.Seldom(4)) params.channels = input_.Int();
    Send(ToBytes(params), 4);
  }

  void AnyRequest() {
    Send(ToBytes(SndQueryInfo{
             {input_.Pick({kSndJackInfo, kSndPcmInfo, kSndChmapInfo,
                           kSndCtlInfo, kSndCtlRead, kSndJackRemap})},
             input_.Int(),
             input_.Int(),
             input_.Pick<uint32_t>({0, 24, 32, 0xffffffff})}),
         input_.Range<uint32_t>(1, 400));
  }

  void Tx() {
    const uint32_t stream = Stream();
    const size_t size = input_.Seldom(4)
                            ? input_.Range<size_t>(0, 4 * kPeriodBytes)
                            : kPeriodBytes;
    FakeChain chain = FakeSoundDriver::TxChain(
        stream, std::vector<uint8_t>(size, 1), input_.Bool() ? 0 : 700);
    chain.indirect = input_.Bool();
    if (input_.Seldom(32)) chain.writable = {input_.Range<uint32_t>(1, 16)};
    DriverRing& ring = guest_.ring(kSndTxQueue);
    if (!ring.HasRoomFor(chain)) return;
    buffers_.push_back({ring.Add(chain), stream});
    MaybeKick(kSndTxQueue);
  }

  void Poke() {
    rules_kept_ = false;
    FakeRam& ram = guest_.ram();
    for (int i = input_.Range(1, 8); i > 0; --i) {
      *ram.At(ram.regions()[0].guest_address + input_.Int<uint16_t>()) ^=
          input_.Int();
    }
  }

  void SetOutput() {
    FakePcmOutput& output = outputs_[input_.Range<uint32_t>(0, kStreams - 1)];
    output.set_granted(input_.Seldom(3) ? input_.Int<uint16_t>() : 1 << 30);
    output.set_packet_frames(input_.Range(0, 2000));
    output.set_delay_frames(input_.Int<int32_t>());
    output.set_connected(!input_.Seldom(4));
    // As the wiring does when such things change.
    device_.OnTimer(now_);
  }

  // --- What comes back.

  void Forget() {
    buffers_.clear();
    releases_.clear();
    out_of_order_ = false;
  }

  void Collect() {
    std::vector<std::vector<uint64_t>> released;
    for (const UsedChain& used : guest_.ring(kSndControlQueue).Collect()) {
      uint32_t status = 0;
      std::memcpy(&status, used.bytes.data(),
                  std::min<size_t>(used.bytes.size(), sizeof(status)));
      const auto release = releases_.find(used.token);
      if (release == releases_.end()) continue;
      if (status == static_cast<uint32_t>(SndStatus::kOk)) {
        released.push_back(release->second);
      }
      releases_.erase(release);
    }
    for (int queue : {kSndEventQueue, kSndRxQueue}) {
      guest_.ring(queue).Collect();
    }
    for (const UsedChain& used : guest_.ring(kSndTxQueue).Collect()) {
      TakeTx(used);
    }
    if (!rules_kept_) return;
    // 5.14.6.6.5.1
    for (const std::vector<uint64_t>& pending : released) {
      for (const Buffer& buffer : buffers_) {
        Require(std::find(pending.begin(), pending.end(), buffer.token) ==
                    pending.end(),
                "RELEASE came back before a buffer");
      }
    }
  }

  void TakeTx(const UsedChain& used) {
    const auto buffer =
        std::find_if(buffers_.begin(), buffers_.end(),
                     [&](const Buffer& b) { return b.token == used.token; });
    if (buffer == buffers_.end()) {
      Require(!rules_kept_, "answered twice, or never sent");
      return;
    }
    SndPcmStatus status{};
    std::memcpy(
        &status, used.bytes.data(),
        std::min<size_t>({used.bytes.size(), used.written, sizeof(status)}));
    const bool ok = status.status == static_cast<uint32_t>(SndStatus::kOk);
    if (rules_kept_) {
      Require(ok || used.written == 0 ||
                  status.status == static_cast<uint32_t>(SndStatus::kIoErr),
              "neither OK nor IO_ERR on a data queue");
      for (auto earlier = buffers_.begin(); ok && earlier != buffer;
           ++earlier) {
        Require(earlier->stream != buffer->stream,
                "a stream's buffers came back out of order");
      }
    }
    if (buffer != buffers_.begin()) out_of_order_ = true;
    buffers_.erase(buffer);
  }

  // Nothing of what happened has lasted.
  void PlayAfterAll() {
    for (FakePcmOutput& output : outputs_) {
      output.set_granted(1 << 30);
      output.set_packet_frames(0);
    }
    running_ = false;
    Disconnect();
    Connect();
    StartDriver();
    Require(vmm_->open, "a VMM was turned away");
    for (uint32_t id = 0; id < kStreams; ++id) {
      Run(ToBytes(SndPcmSetParams{{{kSndPcmSetParams}, id},
                                  8 * kPeriodBytes,
                                  kPeriodBytes,
                                  0,
                                  2,
                                  kSndFormatS16,
                                  kSndRate48000,
                                  0}));
      Run(ToBytes(SndPcmHeader{{kSndPcmPrepare}, id}));
      guest_.ring(kSndTxQueue)
          .Add(FakeSoundDriver::TxChain(id,
                                        std::vector<uint8_t>(kPeriodBytes, 2)));
      Run(ToBytes(SndPcmHeader{{kSndPcmStart}, id}));
    }
    Advance(milliseconds(6));
    const std::vector<UsedChain> used = guest_.ring(kSndTxQueue).Collect();
    Require(used.size() == kStreams, "does not play after all");
  }

  void Run(const std::vector<uint8_t>& request) {
    guest_.ring(kSndControlQueue).Add({.readable = {request}, .writable = {4}});
    KickQueue(kSndControlQueue);
    const std::vector<UsedChain> used = guest_.ring(kSndControlQueue).Collect();
    uint32_t status = 0;
    Require(used.size() == 1 && used[0].written == 4, "no answer after all");
    std::memcpy(&status, used[0].bytes.data(), sizeof(status));
    Require(status == static_cast<uint32_t>(SndStatus::kOk),
            "refused after all");
  }

  FuzzInput input_;
  MonotonicTime now_ = MonotonicTime(std::chrono::hours(1));
  FakePcmOutput outputs_[kStreams];
  SoundDevice device_{{&outputs_[0], &outputs_[1]},
                      {.offer = {}, .controls = true}};
  FakeGuest guest_{{}};
  UniqueFd extra_;
  std::optional<Vmm> vmm_;
  bool running_ = false;        // the rings, as the VMM knows
  bool rules_kept_ = false;     // since the driver's start
  bool out_of_order_ = false;   // among the TX ring's buffers
  std::deque<Buffer> buffers_;  // that are out, in their order
  // RELEASE requests that are out, with the buffers that they complete.
  std::map<uint64_t, std::vector<uint64_t>> releases_;
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  earshot::Fuzz(earshot::FuzzInput(data, size)).Run();
  return 0;
}
