#ifndef EARSHOT_TESTS_BENCHMARK_STREAMS_FEEDER_H_
#define EARSHOT_TESTS_BENCHMARK_STREAMS_FEEDER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/earshot/v1/playback.pb.h"
#include "tests/benchmark/streams/h2_connection.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// One stream that says what a device would, of packets that were coded before:
// sound, or digital silence, or nothing but that it is there. It keeps within
// its grant, and leaves packets out while it is far ahead. Thread: one.
class Feeder : public CallListener {
 public:
  enum class Says { kSound, kSilence, kNothing };

  // `grants`: the server tells how far it may send.
  Feeder(H2Connection* connection, int number, int packet_frames, Says says,
         bool grants, MonotonicTime now);

  // Says what is due each packet's time. False if what was said before still
  // waits in the connection, and this had to be queued behind it.
  bool Turn(const std::vector<std::string>& packets, MonotonicTime now);

  bool answered() const { return answered_; }
  bool over() const { return over_; }
  MonotonicTime began() const { return began_; }
  int64_t packets() const { return sent_; }
  // Packets for which there was no grant.
  int64_t stalled() const { return stalled_; }
  // Why it ended, as "code: message".
  const std::string& end() const { return end_; }

  void OnMessage(std::string_view message) override;
  void OnEnd(const std::string& code, const std::string& message) override;

 private:
  void SayPacket(const std::string& payload);
  void Say();

  H2Connection* const connection_;
  const int packet_frames_;
  const Says says_;
  const MonotonicTime began_;
  int32_t call_ = 0;
  v1::PlayRequest request_;
  std::string bytes_;
  MonotonicTime next_ping_;
  uint64_t pings_ = 0;
  int64_t position_ = 0;
  int64_t sent_ = 0;
  int64_t stalled_ = 0;
  int64_t granted_;
  bool far_ahead_ = false;
  v1::PlayResponse response_;
  bool answered_ = false;
  bool over_ = false;
  std::string end_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_STREAMS_FEEDER_H_
