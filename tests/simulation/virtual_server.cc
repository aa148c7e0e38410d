#include "tests/simulation/virtual_server.h"

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kTick{5};  // PlayoutPool

}  // namespace

VirtualServer::VirtualServer(int rate_hz, const PlayoutConfig& config,
                             bool low_latency, milliseconds card_chunk,
                             MonotonicTime now)
    : rate_hz_(rate_hz),
      card_chunk_(card_chunk),
      session_(config),
      sink_(rate_hz, 1),
      call_(session_.Attach(0, now)->call) {
  EpochParams params;
  params.epoch = 1;
  params.rate_hz = rate_hz;
  params.channels = 1;
  params.codec = MediaCodec::kPcmS16le;
  params.low_latency = low_latency;
  (void)session_.Begin(call_, params, now);
  sink_.Start(&session_, now);
}

bool VirtualServer::Hear(const ClientMessage& message, MonotonicTime now) {
  const Refusal refusal = Take(message, now);
  if (refusal.ok()) return true;
  std::fprintf(stderr, "refused: %s\n", refusal.message.c_str());
  return false;
}

Refusal VirtualServer::Take(const ClientMessage& message, MonotonicTime now) {
  using Kind = ClientMessage::Kind;
  switch (message.kind) {
    case Kind::kPacket:
      return session_.AddPacket(
          call_, message.first_frame, message.frame_count,
          std::string(static_cast<size_t>(message.frame_count) * 2, '\1'),
          message.capture_ns, now);
    case Kind::kSkip:
      return session_.AddSkip(call_, message.first_frame, message.frame_count,
                              SkipReason::kUnspecified, now);
    case Kind::kPause:
      return session_.Pause(call_, now);
    case Kind::kResume:
      return session_.Resume(call_, now);
    case Kind::kEnd:
      return session_.End(call_, message.first_frame, now);
    case Kind::kPing:
      return session_.Ping(call_, message.ping);
  }
  return Refusal::None();
}

std::optional<ProgressReport> VirtualServer::Tick(MonotonicTime now) {
  if (card_chunk_ > milliseconds(0)) {
    std::vector<float> out(
        static_cast<size_t>(rate_hz_ * card_chunk_.count() / 1000));
    session_.PlayOut(absl::MakeSpan(out), now);
  } else {
    sink_.Tick(now);
  }
  session_.Tick(nanoseconds(0), now);
  return session_.TakeProgress(call_, now);
}

milliseconds VirtualServer::tick() const {
  return card_chunk_ > milliseconds(0) ? card_chunk_ : kTick;
}

}  // namespace earshot
