#include "tests/integration/sound_guest.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/pcm_output.h"
#include "device/sound/pcm_params.h"

namespace earshot {
namespace {

// Linux splits a period at the pages of its ring.
constexpr size_t kPage = 4096;
// The header and the sound; longer chains have a table of their own.
constexpr size_t kDirectParts = 2;

}  // namespace

int SoundGuest::Params::FrameBytes() const {
  for (const PcmFormat& known : PcmFormats()) {
    if (known.code == format) return SampleBytes(known.format) * channels;
  }
  return 0;
}

absl::StatusOr<std::unique_ptr<SoundGuest>> SoundGuest::Connect(
    const std::string& socket_path) {
  std::unique_ptr<SoundGuest> guest(new SoundGuest(socket_path));
  if (absl::Status status = guest->vmm_.Connect(); !status.ok()) return status;
  if (absl::Status status = guest->vmm_.Start(); !status.ok()) return status;
  return guest;
}

SoundGuest::SoundGuest(const std::string& socket_path)
    : guest_({}), vmm_(&guest_, {.socket_path = socket_path}) {}

absl::Status SoundGuest::Request(absl::Span<const uint8_t> request) {
  vmm_.Send(kSndControlQueue, {.readable = {{request.begin(), request.end()}},
                               .writable = {sizeof(SndHeader)}});
  const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndControlQueue, 1);
  if (used.empty()) return absl::DeadlineExceededError("no answer");
  SndHeader answer = {};
  std::memcpy(&answer, used[0].bytes.data(), sizeof(answer));
  if (answer.code == static_cast<uint32_t>(SndStatus::kOk)) {
    return absl::OkStatus();
  }
  SndHeader code = {};
  std::memcpy(&code, request.data(), sizeof(code));
  return absl::FailedPreconditionError(absl::StrCat(
      "request 0x", absl::Hex(code.code), " got 0x", absl::Hex(answer.code)));
}

absl::Status SoundGuest::Command(SndCode code) {
  return Request(ToBytes(SndPcmHeader{.header = {code}, .stream_id = 0}));
}

void SoundGuest::Queue() {
  const size_t period = params_.period_frames * params_.FrameBytes();
  const size_t ring = params_.buffer_frames * params_.FrameBytes();
  bool added = false;
  std::vector<uint8_t> pcm;
  while (queued_ < size_ && queued_ - completed_ + period <= ring) {
    pcm.resize(std::min(period, size_ - queued_));
    source_(queued_, absl::MakeSpan(pcm));
    FakeChain chain = FakeSoundDriver::TxChain(0, pcm, kPage);
    chain.indirect =
        guest_.options().indirect && chain.readable.size() > kDirectParts;
    vmm_.Add(kSndTxQueue, chain);
    queued_ += pcm.size();
    added = true;
  }
  if (added) vmm_.Kick(kSndTxQueue);
}

absl::Status SoundGuest::Collect(size_t count) {
  const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndTxQueue, count);
  if (used.size() < count) {
    return absl::DeadlineExceededError(
        absl::StrCat("no period completed after ", completed_, " bytes"));
  }
  return Count(used);
}

absl::StatusOr<int> SoundGuest::CollectWithin(
    std::chrono::microseconds timeout) {
  // Only what comes after the last look at the ring interrupts.
  std::vector<UsedChain> used = vmm_.Collect(kSndTxQueue);
  if (used.empty()) {
    vmm_.WaitForInterrupt(kSndTxQueue, timeout);
    used = vmm_.Collect(kSndTxQueue);
  }
  if (absl::Status status = Count(used); !status.ok()) return status;
  return static_cast<int>(used.size());
}

absl::Status SoundGuest::Count(const std::vector<UsedChain>& used) {
  const size_t period = params_.period_frames * params_.FrameBytes();
  for (const UsedChain& chain : used) {
    SndPcmStatus status = {};
    std::memcpy(&status, chain.bytes.data(), sizeof(status));
    if (status.status != static_cast<uint32_t>(SndStatus::kOk)) {
      return absl::InternalError(absl::StrCat(
          "a period got 0x", absl::Hex(status.status), " after ", completed_));
    }
    latency_bytes_ = status.latency_bytes;
    completed_ = std::min(completed_ + period, size_);
  }
  return absl::OkStatus();
}

absl::Status SoundGuest::Begin(const Params& params,
                               absl::Span<const uint8_t> pcm) {
  return Begin(params, pcm.size(),
               [sound = std::vector<uint8_t>(pcm.begin(), pcm.end())](
                   size_t offset, absl::Span<uint8_t> bytes) {
                 std::memcpy(bytes.data(), sound.data() + offset, bytes.size());
               });
}

absl::Status SoundGuest::Begin(const Params& params, size_t bytes,
                               Source source) {
  params_ = params;
  size_ = bytes;
  source_ = std::move(source);
  queued_ = completed_ = 0;
  SndPcmSetParams request = {};
  request.header = {.header = {kSndPcmSetParams}, .stream_id = 0};
  request.buffer_bytes = params.buffer_frames * params.FrameBytes();
  request.period_bytes = params.period_frames * params.FrameBytes();
  request.channels = params.channels;
  request.format = params.format;
  request.rate = params.rate;
  if (absl::Status status = Request(ToBytes(request)); !status.ok()) {
    return status;
  }
  if (absl::Status status = Command(kSndPcmPrepare); !status.ok()) {
    return status;
  }
  Queue();
  return Command(kSndPcmStart);
}

absl::Status SoundGuest::PlayOn(size_t keep_bytes) {
  while (completed_ + keep_bytes < size_) {
    if (absl::Status status = Collect(1); !status.ok()) return status;
    Queue();
  }
  return absl::OkStatus();
}

absl::Status SoundGuest::End() {
  if (absl::Status status = Command(kSndPcmStop); !status.ok()) return status;
  if (absl::Status status = Command(kSndPcmRelease); !status.ok()) {
    return status;
  }
  // 5.14.6.6.5.1: RELEASE is answered when every buffer has been.
  const size_t period = params_.period_frames * params_.FrameBytes();
  const size_t waiting = (queued_ - completed_ + period - 1) / period;
  if (vmm_.Collect(kSndTxQueue).size() != waiting) {
    return absl::InternalError("RELEASE was answered before every buffer");
  }
  completed_ = queued_;
  return absl::OkStatus();
}

absl::Status SoundGuest::Play(const Params& params,
                              absl::Span<const uint8_t> pcm) {
  if (absl::Status status = Begin(params, pcm); !status.ok()) return status;
  if (absl::Status status = PlayOn(); !status.ok()) return status;
  return End();
}

}  // namespace earshot
