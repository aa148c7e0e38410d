#ifndef EARSHOT_CLIENT_STREAM_CALL_H_
#define EARSHOT_CLIENT_STREAM_CALL_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "client/grpc_play_stream.h"
#include "client/monotonic_time.h"
#include "client/play_call.h"
#include "client/play_stream.h"
#include "client/response_checker.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// One call as the contract has it, from Open to its end: what the server says
// is checked before it is handed over, and a server that breaks the contract,
// does not answer Open, or falls silent loses the call. Pings measure the round
// trip, which the server is told as soon as it is known. What is said, and
// whether another call follows, is for its owner. Thread: the executor's loop,
// for everything.
class StreamCall : private PlayCall::Listener {
 public:
  struct Options {
    v1::Codec codec = v1::CODEC_OPUS;  // what the server has to take
    // How long a server may take to answer Open.
    std::chrono::milliseconds open_patience{5000};
    // A server that said nothing for so long is pinged; one that says nothing
    // for as long again is dead. (HTTP/2's own pings would do as well, but
    // servers allow them only once in five minutes.)
    std::chrono::milliseconds heartbeat{4000};
    // The same while an epoch plays; then every heartbeat is a Ping, which also
    // tells how the clock does; in silence a server says little more than the
    // echo.
    std::chrono::milliseconds playing_heartbeat{1000};
    std::function<MonotonicTime()> clock = std::chrono::steady_clock::now;
    // The border to gRPC.
    std::function<std::unique_ptr<PlayStream>(
        const std::shared_ptr<grpc::Channel>&)>
        stream = MakeGrpcPlayStream;
  };
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnOpened(StreamCall& call, const v1::Opened& opened) = 0;
    virtual void OnProgress(StreamCall& call, const v1::Progress& progress) = 0;
    virtual void OnDrained(StreamCall& call, const v1::Drained& drained) = 0;
    virtual void OnGoAway(StreamCall& call, const v1::GoAway& go_away) = 0;
    virtual void OnVolume(StreamCall& call, const v1::Volume& volume) = 0;
    // A Ping is to be said, with this id.
    virtual void OnPingDue(StreamCall& call) = 0;
    // The last thing that the listener hears; it may destroy the call.
    virtual void OnOver(StreamCall& call, const absl::Status& reason) = 0;
  };

  // Says `open`. `checker` knows what was said before, if anything can be gone
  // on with. `listener` outlives the call.
  StreamCall(std::shared_ptr<grpc::Channel> channel,
             const boost::asio::any_io_executor& executor, Options options,
             const v1::Open& open, ResponseChecker checker, Listener& listener);
  ~StreamCall() override;

  bool is_open() const { return open_; }
  // It carried sound, or lasted.
  bool useful() const { return useful_; }

  std::unique_ptr<v1::PlayRequest> NewRequest() { return call_->NewRequest(); }
  // Begin goes on at `position`.
  void Send(std::unique_ptr<v1::PlayRequest> request, int64_t position = 0);
  // Returns its id. Progress echoes it once all before was heard.
  uint64_t Ping(double clock_ppm, std::chrono::nanoseconds client_delay);
  // Sound plays: the server has something to say all the time.
  void SetPlaying(bool playing);
  // Nothing more is said; the call ends when the server has had its say.
  void Finish() { call_->Finish(); }

  std::optional<std::chrono::nanoseconds> round_trip() const {
    return round_trip_;
  }
  // After its end: how long its server wants not to be asked again.
  std::optional<std::chrono::milliseconds> retry_delay() const {
    return retry_delay_;
  }
  // For the call that goes on from this one.
  const ResponseChecker& checker() const { return checker_; }

 private:
  void OnResponse(v1::PlayResponse& response) override;
  void OnDone(const grpc::Status& status) override;

  void Opened(const v1::Opened& opened);
  // Whether such a Ping was said.
  bool Echo(uint64_t ping_id);
  void Wait(std::chrono::milliseconds time);
  void OnTimer();
  void End(const absl::Status& reason);

  const std::shared_ptr<grpc::Channel> channel_;
  const Options options_;
  Listener& listener_;
  ResponseChecker checker_;
  // Waits for Opened, then for the next heartbeat.
  boost::asio::steady_timer timer_;
  std::unique_ptr<PlayCall> call_;

  bool open_ = false;
  bool useful_ = false;
  bool playing_ = false;
  bool heard_ = false;         // something since the last heartbeat
  int silent_heartbeats_ = 0;  // in a row
  uint64_t last_ping_ = 0;
  MonotonicTime ping_time_;
  bool echoed_ = false;
  bool tell_round_trip_ = false;  // the server does not know it
  std::optional<std::chrono::nanoseconds> round_trip_;
  std::optional<std::chrono::milliseconds> retry_delay_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_STREAM_CALL_H_
