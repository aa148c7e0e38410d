#ifndef EARSHOT_CLIENT_PLAYBACK_STREAM_H_
#define EARSHOT_CLIENT_PLAYBACK_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/backoff.h"
#include "client/monotonic_time.h"
#include "client/packet_encoder.h"
#include "client/play_call.h"
#include "client/response_checker.h"
#include "proto/earshot/v1/playback.grpc.pb.h"

namespace earshot {

// One stream of PCM at the playback service, as playback.proto tells it: it
// keeps a Play call open, one after the other, says what its owner says, and
// hands over what the server answers once that was checked. A server that
// breaks the contract loses the call.
//
// It does not throttle (CreditWindow says how much may be sent) and keeps no
// packets: what was said on a call that broke is gone, and the owner says Begin
// again on the next. A replay buffer belongs here, beside `call_`.
//
// Thread: the executor's loop, for everything. Positions are frames since the
// epoch began.
class PlaybackStream : private PlayCall::Listener {
 public:
  struct Options {
    std::string stream;  // vms/{vm}/streams/{id}
    std::string client;  // name and version
    std::map<std::string, std::string> labels;
    v1::Codec codec = v1::CODEC_OPUS;  // what the server has to take
    Backoff::Options backoff;
    // How long a server may take to answer Open.
    std::chrono::milliseconds open_patience{5000};
    // A server that said nothing for so long is pinged; one that says nothing
    // for as long again is dead. (HTTP/2's own pings would do as well, but
    // servers allow them only once in five minutes.)
    std::chrono::milliseconds heartbeat{4000};
  };
  // What Open says of the epoch that is under way; 0, 0 if none is.
  struct Underway {
    uint64_t epoch = 0;
    int64_t next_frame = 0;
  };
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual Underway OnConnecting() = 0;
    // The call is open. It knows no epoch.
    virtual void OnOpen(const v1::Opened& opened) = 0;
    // The call is over, or could not be opened; another will be tried.
    virtual void OnLost(const absl::Status& reason) = 0;
    virtual void OnProgress(const v1::Progress& progress) = 0;
    virtual void OnDrained(const v1::Drained& drained) = 0;
  };

  // `listener` outlives the PlaybackStream.
  PlaybackStream(std::shared_ptr<grpc::Channel> channel,
                 const boost::asio::any_io_executor& executor, Options options,
                 Listener& listener);
  ~PlaybackStream() override;

  // Begins to connect; goes on until the end.
  void Open();

  bool is_open() const { return open_; }
  // Attempts that failed since a call was open last, or since Open().
  int failures() const { return failures_; }
  bool going_away() const { return go_away_.has_value(); }

  // What follows may be said only while the call is open; from Packet to End
  // only in an epoch. Each position is where the last ended.
  void Begin(const v1::Begin& begin, int64_t position);
  void SendPacket(const PacketEncoder::Packet& packet, MonotonicTime captured);
  void SendSilence(int64_t first_frame);
  void SendSkip(int64_t first_frame, int64_t frame_count,
                v1::Skip::Reason reason);
  void Pause();
  void Resume();
  void End(int64_t end_frame);

 private:
  void OnResponse(v1::PlayResponse& response) override;
  void OnDone(const grpc::Status& status) override;

  // A handler for the loop that does nothing once it is canceled or this is
  // gone.
  template <typename Function>
  auto Handler(Function function);

  void Connect();
  void OnOpened(const v1::Opened& opened);
  void WaitForHeartbeat();
  void OnHeartbeat();
  void EndCall(const absl::Status& reason);
  void WaitAndConnect();

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::PlaybackService::Stub> stub_;
  const boost::asio::any_io_executor executor_;
  const Options options_;
  Listener& listener_;
  Backoff backoff_;
  // Waits to connect, then for Opened, then for the next heartbeat.
  boost::asio::steady_timer timer_;

  std::unique_ptr<PlayCall> call_;
  ResponseChecker checker_;  // of this call
  bool open_ = false;        // Opened came
  bool useful_ = false;      // the call carried sound, or lasted
  bool heard_ = false;       // something since the last heartbeat
  bool pinged_ = false;      // and nothing heard since
  uint64_t last_ping_ = 0;
  std::optional<v1::GoAway> go_away_;
  int failures_ = 0;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYBACK_STREAM_H_
