#ifndef EARSHOT_TESTS_SIMULATION_VIRTUAL_SERVER_H_
#define EARSHOT_TESTS_SIMULATION_VIRTUAL_SERVER_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/session.h"
#include "sinks/null_sink.h"

namespace earshot {

// What a client has said, on its way.
struct ClientMessage {
  enum class Kind { kPacket, kSkip, kPause, kResume, kEnd, kPing };
  std::chrono::nanoseconds arrival{0};
  Kind kind = Kind::kPacket;
  int64_t first_frame = 0;
  int64_t frame_count = 0;
  int64_t capture_ns = 0;
  PingReport ping;
};

// A server's side of the loop: its session, with one epoch of one call, and the
// sink that plays it. Virtual time, of its own clock.
class VirtualServer {
 public:
  // A sink with a `card_chunk` pulls so much at a time; else what is due.
  VirtualServer(int rate_hz, const PlayoutConfig& config, bool low_latency,
                std::chrono::milliseconds card_chunk, MonotonicTime now);

  // Whether it took it.
  bool Hear(const ClientMessage& message, MonotonicTime now);
  // The play-out thread; what is to be told the client, if anything is.
  std::optional<ProgressReport> Tick(MonotonicTime now);
  // From one of them to the next.
  std::chrono::milliseconds tick() const;

  SessionStats Stats(MonotonicTime now) { return session_.Stats(now); }
  bool EpochPlayed() { return session_.EpochPlayed(); }

 private:
  Refusal Take(const ClientMessage& message, MonotonicTime now);

  const int rate_hz_;
  const std::chrono::milliseconds card_chunk_;
  Session session_;
  NullSink sink_;
  uint64_t call_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_VIRTUAL_SERVER_H_
