#include "device/sound/fake_sound_driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace earshot {

FakeSoundDriver::FakeSoundDriver(VirtioDevice* device,
                                 FakeGuest::Options options)
    : driver_(device, options) {
  driver_.Start();
}

std::vector<uint8_t> FakeSoundDriver::Request(
    const std::vector<uint8_t>& request, uint32_t answer_size) {
  FakeChain chain{.readable = {request}, .writable = {answer_size}};
  driver_.Send(kSndControlQueue, chain);
  std::vector<UsedChain> used = driver_.Collect(kSndControlQueue);
  if (used.size() != 1 || used[0].written > answer_size) {
    std::fprintf(stderr, "FakeSoundDriver: a request was not answered\n");
    std::abort();
  }
  used[0].bytes.resize(used[0].written);
  return used[0].bytes;
}

SndStatus FakeSoundDriver::Command(SndCode code, uint32_t stream_id) {
  const SndPcmHeader request{{code}, stream_id};
  SndHeader answer{};
  const std::vector<uint8_t> bytes = Request(ToBytes(request));
  std::memcpy(&answer, bytes.data(), std::min(bytes.size(), sizeof(answer)));
  return static_cast<SndStatus>(answer.code);
}

SndStatus FakeSoundDriver::SetParams(const SndPcmSetParams& params) {
  SndHeader answer{};
  const std::vector<uint8_t> bytes = Request(ToBytes(params));
  std::memcpy(&answer, bytes.data(), std::min(bytes.size(), sizeof(answer)));
  return static_cast<SndStatus>(answer.code);
}

SndStatus FakeSoundDriver::SetParams(uint32_t stream_id, uint32_t buffer_bytes,
                                     uint32_t period_bytes, SndFormat format,
                                     uint8_t channels) {
  return SetParams(SndPcmSetParams{{{kSndPcmSetParams}, stream_id},
                                   buffer_bytes,
                                   period_bytes,
                                   0,
                                   channels,
                                   format,
                                   kSndRate48000,
                                   0});
}

FakeChain FakeSoundDriver::TxChain(uint32_t stream_id,
                                   absl::Span<const uint8_t> payload,
                                   size_t split_bytes) {
  FakeChain chain;
  chain.readable.push_back(ToBytes(SndPcmXfer{stream_id}));
  if (split_bytes == 0) split_bytes = payload.size();
  for (size_t at = 0; at < payload.size(); at += split_bytes) {
    const absl::Span<const uint8_t> part = payload.subspan(at, split_bytes);
    chain.readable.emplace_back(part.begin(), part.end());
  }
  chain.writable = {sizeof(SndPcmStatus)};
  return chain;
}

uint64_t FakeSoundDriver::SendTx(uint32_t stream_id,
                                 absl::Span<const uint8_t> payload,
                                 size_t split_bytes) {
  const uint64_t token = AddTx(stream_id, payload, split_bytes);
  driver_.Kick(kSndTxQueue);
  return token;
}

uint64_t FakeSoundDriver::AddTx(uint32_t stream_id,
                                absl::Span<const uint8_t> payload,
                                size_t split_bytes) {
  FakeChain chain = TxChain(stream_id, payload, split_bytes);
  chain.indirect =
      driver_.guest().options().indirect && chain.readable.size() > 2;
  return driver_.Add(kSndTxQueue, chain);
}

std::vector<FakeSoundDriver::Answer> FakeSoundDriver::CollectTx() {
  std::vector<Answer> answers;
  for (const UsedChain& used : driver_.Collect(kSndTxQueue)) {
    SndPcmStatus status{};
    std::copy_n(
        used.bytes.begin(),
        std::min<size_t>({used.written, used.bytes.size(), sizeof(status)}),
        reinterpret_cast<uint8_t*>(&status));
    answers.push_back({used.token, static_cast<SndStatus>(status.status),
                       status.latency_bytes});
  }
  return answers;
}

}  // namespace earshot
