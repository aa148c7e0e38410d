// Requests of any bytes, cut anywhere, with any room for the answer, and the
// commands of 5.14.6.6.1 in any order: each is answered once, with a status
// that the spec has, within its room, and a stream is in the state that its
// commands say.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bazel/fuzz_input.h"
#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"

namespace earshot {
namespace {

using State = PcmStream::State;

constexpr uint32_t kStreams = 2;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// 5.14.6.6.1; where there is nothing to release, that succeeds.
bool Allowed(State state, SndCode code) {
  switch (code) {
    case kSndPcmSetParams:
      return state != State::kRunning && state != State::kStopped;
    case kSndPcmPrepare:
      return state == State::kParamsSet || state == State::kPrepared ||
             state == State::kReleased;
    case kSndPcmStart:
      return state == State::kPrepared || state == State::kStopped;
    case kSndPcmStop:
      return state == State::kRunning;
    default:
      return state != State::kRunning;
  }
}

State After(State state, SndCode code) {
  switch (code) {
    case kSndPcmSetParams:
      return State::kParamsSet;
    case kSndPcmPrepare:
      return State::kPrepared;
    case kSndPcmStart:
      return State::kRunning;
    case kSndPcmStop:
      return State::kStopped;
    default:
      return state == State::kPrepared || state == State::kStopped
                 ? State::kReleased
                 : state;
  }
}

class Fuzz {
 public:
  explicit Fuzz(FuzzInput input) : input_(input) {}

  void Run() {
    for (int i = 0; i < 100 && !input_.empty(); ++i) {
      Step();
      for (uint32_t id = 0; id < kStreams; ++id) {
        Require(outputs_[id].misuse().empty(), outputs_[id].misuse().c_str());
        Require(device_.stream(id).state() == states_[id], "another state");
      }
    }
  }

 private:
  void Step() {
    switch (input_.Range(0, 7)) {
      case 0:
      case 1:
        return Command(input_.Pick(
            {kSndPcmPrepare, kSndPcmStart, kSndPcmStop, kSndPcmRelease}));
      case 2:
        return SetParams();
      case 3:
      case 4:
        return Query();
      case 5:
        return Raw();
      case 6:
        return Tx();
      default:
        guest_.Advance(std::chrono::microseconds(input_.Int<uint16_t>()));
        guest_.CollectTx();
    }
  }

  void Tx() {
    const FakeChain chain =
        FakeSoundDriver::TxChain(Id(), input_.Bytes(input_.Int()));
    // What a stream that does not run has taken fills the ring.
    if (guest_.driver().ring(kSndTxQueue).HasRoomFor(chain)) {
      guest_.driver().Send(kSndTxQueue, chain);
    }
    guest_.CollectTx();
  }

  uint32_t Id() {
    return input_.Seldom(8) ? input_.Int<uint32_t>()
                            : input_.Range<uint32_t>(0, kStreams - 1);
  }

  // Sends it cut at will; returns the answer, and checks what holds for all.
  std::vector<uint8_t> Send(const std::vector<uint8_t>& request,
                            uint32_t room) {
    FakeChain chain;
    chain.indirect = input_.Bool();
    const size_t part = input_.Bool() ? request.size() : 1 + input_.Int() % 16;
    for (size_t at = 0; at < request.size(); at += part) {
      chain.readable.emplace_back(
          request.begin() + at,
          request.begin() + std::min(request.size(), at + part));
    }
    for (uint32_t left = room; left > 0 && chain.writable.size() < 8;) {
      const uint32_t size = chain.writable.size() == 7 || input_.Bool()
                                ? left
                                : input_.Range<uint32_t>(1, left);
      chain.writable.push_back(size);
      left -= size;
    }
    if (chain.readable.empty() && chain.writable.empty()) return {};
    if (!guest_.driver().ring(kSndControlQueue).HasRoomFor(chain)) {
      chain.indirect = true;
    }
    guest_.driver().Send(kSndControlQueue, chain);
    std::vector<UsedChain> used = guest_.driver().Collect(kSndControlQueue);
    Require(used.size() == 1, "not answered once");
    UsedChain& answer = used.front();
    Require(answer.written <= answer.bytes.size(), "more than there is room");
    if (room < sizeof(SndHeader)) {
      Require(answer.written == 0, "no room for a status");
    } else {
      Require(answer.written >= sizeof(SndHeader), "no status");
      const SndStatus status = StatusOf(answer.bytes);
      Require(status >= SndStatus::kOk && status <= SndStatus::kIoErr,
              "a status that the spec has not");
      Require(status == SndStatus::kOk || answer.written == sizeof(SndHeader),
              "a refusal says more than its status");
    }
    // The memory was zero before.
    Require(std::all_of(answer.bytes.begin() + answer.written,
                        answer.bytes.end(), [](uint8_t b) { return b == 0; }),
            "written beyond what is said");
    answer.bytes.resize(answer.written);
    return answer.bytes;
  }

  static SndStatus StatusOf(const std::vector<uint8_t>& answer) {
    SndHeader header{};
    if (answer.size() >= sizeof(header)) {
      std::memcpy(&header, answer.data(), sizeof(header));
    }
    return static_cast<SndStatus>(header.code);
  }

  void Command(SndCode code) {
    const uint32_t id = Id();
    const SndStatus status =
        StatusOf(Send(ToBytes(SndPcmHeader{{code}, id}), 4));
    const bool allowed = id < kStreams && Allowed(states_[id], code);
    Require((status == SndStatus::kOk) == allowed, "the state does not say so");
    Require(allowed || status == SndStatus::kBadMsg, "not BAD_MSG");
    if (allowed) states_[id] = After(states_[id], code);
  }

  void SetParams() {
    const uint32_t id = Id();
    SndPcmSetParams params{{{kSndPcmSetParams}, id},
                           9600,
                           960,
                           0,
                           1,
                           kSndFormatS16,
                           kSndRate48000,
                           0};
    const uint8_t which = input_.Int();
    if (which & 1) params.buffer_bytes = input_.Int<uint32_t>();
    if (which & 2) params.period_bytes = input_.Int<uint32_t>();
    if (which & 4) params.features = input_.Int<uint32_t>();
    if (which & 8) params.channels = input_.Int();
    if (which & 16) params.format = input_.Int();
    if (which & 32) params.rate = input_.Int();
    if (which & 64) params.padding = input_.Int();
    const SndStatus status = StatusOf(Send(ToBytes(params), 4));
    const bool allowed =
        id < kStreams && Allowed(states_[id], kSndPcmSetParams);
    if (!allowed) Require(status != SndStatus::kOk, "not in this state");
    if ((which & 127) == 0) {
      Require((status == SndStatus::kOk) == allowed, "good params refused");
    }
    if (status == SndStatus::kOk) states_[id] = State::kParamsSet;
  }

  void Query() {
    const SndCode code = input_.Pick(
        {kSndJackInfo, kSndPcmInfo, kSndChmapInfo, kSndCtlInfo,
         kSndCtlEnumItems, kSndCtlRead, kSndCtlWrite, kSndCtlTlvRead,
         kSndCtlTlvWrite, kSndCtlTlvCommand, kSndJackRemap});
    SndQueryInfo query{{code}, 0, 1, 32};
    const uint8_t which = input_.Int();
    if (which & 1) query.start_id = input_.Int<uint32_t>();
    if (which & 2) query.count = input_.Int<uint32_t>();
    if (which & 4) query.size = input_.Int<uint32_t>();
    std::vector<uint8_t> request = ToBytes(query);
    if (which & 8) {
      const std::vector<uint8_t> more = input_.Bytes(input_.Int());
      request.insert(request.end(), more.begin(), more.end());
    }
    Send(request, input_.Range<uint32_t>(0, 4096));
  }

  void Raw() {
    const std::vector<uint8_t> request = input_.Bytes(input_.Int());
    if (request.empty()) return;
    // What would be a command changes the state as one.
    SndPcmHeader header{};
    std::memcpy(&header, request.data(),
                std::min(request.size(), sizeof(header)));
    if (header.header.code > kSndPcmInfo && header.header.code <= kSndPcmStop) {
      return;
    }
    Send(request, input_.Range<uint32_t>(0, 255));
  }

  FuzzInput input_;
  FakePcmOutput outputs_[kStreams];
  SoundDevice device_{{&outputs_[0], &outputs_[1]},
                      {.offer = {}, .controls = true}};
  FakeSoundDriver guest_{&device_};
  State states_[kStreams] = {State::kInitial, State::kInitial};
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  earshot::Fuzz(earshot::FuzzInput(data, size)).Run();
  return 0;
}
