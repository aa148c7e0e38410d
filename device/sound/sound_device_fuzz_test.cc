// A hostile guest: control requests, TX chains of any shape, damaged rings,
// queues that stop and go on, in any order. Whatever it did, after a reset the
// device must play again.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"

namespace earshot {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Reads the fuzzer's bytes; zeros behind their end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  uint8_t Byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  uint16_t Short() { return static_cast<uint16_t>(Byte() | Byte() << 8); }
  uint32_t Word() { return Short() | uint32_t{Short()} << 16; }
  std::vector<uint8_t> Bytes(size_t count) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes) byte = Byte();
    return bytes;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

class Fuzz {
 public:
  Fuzz() {
    for (FakePcmOutput& output : outputs_) output.set_record_bytes(false);
  }

  void Run(Input input) {
    for (int i = 0; i < 200 && !input.empty(); ++i) {
      Step(input);
      CollectAll();
      for (FakePcmOutput& output : outputs_) {
        Require(output.misuse().empty(), output.misuse().c_str());
      }
    }
    driver_.Start();
    PlayAfterAll();
  }

 private:
  void Step(Input& input) {
    switch (input.Byte() % 12) {
      case 0:
        return RawChain(kSndControlQueue, input);
      case 1:
        return Command(input);
      case 2:
        return SetParams(input);
      case 3:
        return Query(input);
      case 4:
        return Tx(input);
      case 5:
        return RawChain(kSndTxQueue, input);
      case 6:
        return RawChain(input.Byte() % 2 ? kSndRxQueue : kSndEventQueue, input);
      case 7:
        return driver_.Advance(std::chrono::microseconds(input.Short()));
      case 8:
        return StopOrStart(input.Byte());
      case 9:
        return Damage(input);
      case 10:
        return SetOutput(input);
      default:
        return Poke(input);
    }
  }

  void Send(SndQueue queue, const FakeChain& chain, bool kick = true) {
    if (!driver_.ring(queue).HasRoomFor(chain)) return;
    driver_.Add(queue, chain);
    if (kick) driver_.Kick(queue);
  }

  void RawChain(SndQueue queue, Input& input) {
    const uint8_t shape = input.Byte();
    FakeChain chain;
    chain.indirect = (shape & 0x80) != 0;
    for (int i = 0; i < (shape & 7); ++i) {
      chain.readable.push_back(input.Bytes(1 + input.Byte() % 40));
    }
    for (int i = 0; i < (shape >> 3 & 3); ++i) {
      chain.writable.push_back(1 + input.Byte());
    }
    if (chain.readable.empty() && chain.writable.empty()) return;
    Send(queue, chain, (shape & 0x40) == 0);
  }

  void Request(const std::vector<uint8_t>& request, uint32_t room) {
    // Only undamaged, started rings owe an answer.
    const bool owed = !damaged_ && driver_.virtqueue(0) != nullptr &&
                      driver_.virtqueue(kSndTxQueue) != nullptr &&
                      driver_.ring(0).in_flight() == 0;
    Send(kSndControlQueue, {.readable = {request}, .writable = {room}});
    if (!owed) return;
    // A turn of the device ends after some requests; the next one is at once.
    driver_.Advance(std::chrono::microseconds(0));
    std::vector<UsedChain> used = driver_.Collect(kSndControlQueue);
    Require(used.size() == 1 && used[0].written >= 4, "request unanswered");
    uint32_t status = 0;
    std::memcpy(&status, used[0].bytes.data(), sizeof(status));
    Require(status >= 0x8000 && status <= 0x8002, "unknown status");
  }

  void Command(Input& input) {
    static constexpr SndCode kCodes[] = {kSndPcmPrepare, kSndPcmStart,
                                         kSndPcmStop, kSndPcmRelease};
    const uint8_t byte = input.Byte();
    const uint32_t id = byte >> 4 == 15 ? input.Word() : (byte >> 4) % 2;
    Request(ToBytes(SndPcmHeader{{kCodes[byte % 4]}, id}), 4);
  }

  void SetParams(Input& input) {
    SndPcmSetParams params{{{kSndPcmSetParams}, input.Byte() % 2u},
                           4 * 960,
                           4 * 480,
                           0,
                           2,
                           kSndFormatS16,
                           kSndRate48000,
                           0};
    const uint8_t which = input.Byte();
    if (which & 1) params.buffer_bytes = input.Word();
    if (which & 2) params.period_bytes = input.Word();
    if (which & 4) params.features = input.Word();
    if (which & 8) params.channels = input.Byte();
    if (which & 16) params.format = input.Byte();
    if (which & 32) params.rate = input.Byte();
    if (which & 64) params.header.stream_id = input.Word();
    Request(ToBytes(params), 4);
  }

  void Query(Input& input) {
    static constexpr SndCode kCodes[] = {kSndJackInfo, kSndPcmInfo,
                                         kSndChmapInfo};
    SndQueryInfo query{{kCodes[input.Byte() % 3]}, 0, 1, 32};
    const uint8_t which = input.Byte();
    if (which & 1) query.start_id = input.Word();
    if (which & 2) query.count = input.Word();
    if (which & 4) query.size = input.Word();
    Request(ToBytes(query), 4 + input.Short() % 2000);
  }

  void Tx(Input& input) {
    const uint32_t id = input.Byte() % 2;
    const size_t size = input.Short() % 8192;
    const uint8_t split = input.Byte();
    FakeChain chain =
        FakeSoundDriver::TxChain(id, std::vector<uint8_t>(size, split),
                                 std::max<size_t>(split * 16, size / 20 + 1));
    chain.indirect = true;
    Send(kSndTxQueue, chain, (split & 1) != 0);
  }

  void StopOrStart(uint8_t byte) {
    const int queue = byte % 4;
    paused_ = true;
    switch (byte >> 6) {
      case 0:
        return driver_.StopQueue(queue);
      case 1:
        return driver_.StartQueue(queue);
      case 2:
        driver_.Stop();
        return driver_.Resume();
      default:
        driver_.Start();
        damaged_ = false;
        paused_ = false;
    }
  }

  void Damage(Input& input) {
    damaged_ = true;
    const int queue = input.Byte() % 4;
    DriverRing& ring = driver_.ring(queue);
    const uint8_t how = input.Byte();
    switch (how % 4) {
      case 0:
        ring.SetAvailIndex(input.Short());
        break;
      case 1:
        ring.PublishHead(input.Short());
        break;
      case 2:
        ring.PublishHead(input.Byte() % 64);
        break;
      default: {
        SplitDescriptor* descriptor = ring.descriptor(input.Byte() % 64);
        if (how & 16) descriptor->address = uint64_t{input.Word()} << 8;
        if (how & 32) descriptor->length = input.Word();
        descriptor->flags = input.Byte() % 8;
        descriptor->next = input.Byte();
      }
    }
    if (driver_.virtqueue(queue) != nullptr) {
      device_.OnKick(queue, driver_.now());
    }
  }

  // Changes what lies first in memory: the rings, then the buffers.
  void Poke(Input& input) {
    damaged_ = true;
    FakeRam& ram = driver_.guest().ram();
    *ram.At(ram.regions()[0].guest_address + input.Short()) ^= input.Byte();
  }

  void SetOutput(Input& input) {
    FakePcmOutput& output = outputs_[input.Byte() % 2];
    output.set_granted(input.Short() * 16);
    output.set_packet_frames(input.Short() % 2000);
    output.set_delay_frames(static_cast<int32_t>(input.Word()));
  }

  void CollectAll() {
    if (damaged_) {
      // The fake driver's own books are not to be trusted any more.
      driver_.Collect(kSndControlQueue);
      return;
    }
    for (int queue : {kSndControlQueue, kSndEventQueue, kSndRxQueue}) {
      driver_.Collect(queue);
    }
    for (const FakeSoundDriver::Answer& answer : guest_.CollectTx()) {
      // Buffers that came back out of order (of two streams, or refused) are
      // offered once more by a transport that resumes at the used index.
      Require(answer.token != 0 || paused_, "answered twice");
      const auto status = static_cast<uint32_t>(answer.status);
      Require(status == 0 || status == 0x8000 || status == 0x8003,
              "only OK and IO_ERR on a data queue");
    }
  }

  // Nothing of what happened has lasted.
  void PlayAfterAll() {
    for (FakePcmOutput& output : outputs_) {
      output.set_granted(1 << 30);
      output.set_packet_frames(480);
    }
    for (uint32_t id : {0u, 1u}) {
      Require(guest_.SetParams(id, 4 * 960, 4 * 480) == SndStatus::kOk &&
                  guest_.Command(kSndPcmPrepare, id) == SndStatus::kOk,
              "not as new after a reset");
      guest_.SendTx(id, std::vector<uint8_t>(4 * 480));
      Require(guest_.Command(kSndPcmStart, id) == SndStatus::kOk,
              "does not start after a reset");
    }
    driver_.Advance(std::chrono::milliseconds(11));
    const std::vector<FakeSoundDriver::Answer> answers = guest_.CollectTx();
    Require(answers.size() == 2 && answers[0].status == SndStatus::kOk &&
                answers[1].status == SndStatus::kOk,
            "does not play after a reset");
  }

  FakePcmOutput outputs_[2];
  SoundDevice device_{{&outputs_[0], &outputs_[1]}};
  FakeSoundDriver guest_{&device_};
  FakeDriver& driver_ = guest_.driver();
  bool damaged_ = false;  // since the last reset, as are the next
  bool paused_ = false;
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  earshot::Fuzz().Run(earshot::Input(data, size));
  return 0;
}
