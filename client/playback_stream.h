#ifndef EARSHOT_CLIENT_PLAYBACK_STREAM_H_
#define EARSHOT_CLIENT_PLAYBACK_STREAM_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/backoff.h"
#include "client/channel_connector.h"
#include "client/credit_window.h"
#include "client/monotonic_time.h"
#include "client/packet_encoder.h"
#include "client/player_types.h"
#include "client/redialer.h"
#include "client/response_checker.h"
#include "client/send_log.h"
#include "client/server_targets.h"
#include "client/stream_call.h"
#include "client/volume_sync.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// One stream of PCM at the playback service. What its owner says goes into a
// log, call or no call, and from there to the server as far as that has granted
// it. It keeps a call open: when one breaks, the next goes on from what the
// server has, or from what no server can have played. When a server wants it to
// go away, it opens the stream elsewhere first, and changes over between two
// packets.
//
// Thread: the executor's loop, for everything. Positions are frames since the
// epoch began.
class PlaybackStream : private StreamCall::Listener,
                       private Redialer::Listener {
 public:
  struct Options {
    std::string stream;  // vms/{vm}/streams/{id}
    std::string client;  // name and version
    std::map<std::string, std::string> labels;
    bool probe = false;
    Backoff::Options backoff;
    // After a server that knows us not, or will not have us: that hardly
    // changes by asking again.
    Backoff::Options refused_backoff{std::chrono::milliseconds(1000),
                                     std::chrono::milliseconds(20000),
                                     std::chrono::milliseconds(20000), 2, 0.5};
    StreamCall::Options call;
    ChannelConnector::Look look = [](grpc::Channel& channel) {
      return channel.GetState(true);
    };
  };
  class Listener {
   public:
    virtual ~Listener() = default;
    // Where the next packet begins if digital silence, which lasts, ends now.
    virtual int64_t QuietEnd() = 0;
    // Whether too much time has passed for what the epoch has still to say.
    virtual bool IsStale() = 0;
    // The call is open. It goes on where the last one ended, or another server
    // does, or the same one that knows nothing.
    virtual void OnOpen(bool resumed) = 0;
    // The call is over, or could not be opened; another will be tried.
    virtual void OnLost(const absl::Status& reason) = 0;
    // What going on elsewhere cost; all epochs up to one that is over are.
    virtual void OnLoss(const SendLog::Loss& loss) = 0;
    virtual void OnProgress(const v1::Progress& progress) = 0;
    virtual void OnDrained(const v1::Drained& drained) = 0;
    // Others have set the volume.
    virtual void OnVolume() = 0;
  };

  // `listener` outlives the PlaybackStream.
  PlaybackStream(ServerTargets targets,
                 const boost::asio::any_io_executor& executor, Options options,
                 Listener& listener);
  ~PlaybackStream() override;

  // Begins to connect; goes on until the end.
  void Open();
  // Nothing more will be said. The server plays what it has, and the call ends:
  // then it is not open any more, and no other follows. A call that just breaks
  // is waited for by its server.
  void Close();

  bool is_open() const { return open_; }
  // Attempts that failed since a call was open last, or since Open().
  int failures() const { return failures_; }
  bool going_away() const { return going_away_; }

  // What follows may be said at any time; from Packet to End only in an epoch.
  // Each position is where the last ended.
  void Begin(const v1::Begin& begin);
  void AddPacket(const PacketEncoder::Packet& packet, MonotonicTime captured);
  void AddSilence(int64_t first_frame);
  void AddSkip(int64_t first_frame, int64_t frame_count,
               v1::Skip::Reason reason);
  // Of the epoch that was begun last, or is.
  void SetPaused(bool paused, MonotonicTime now);
  void End(int64_t end_frame);
  // At any time, also without a call; it stays.
  void SetVolume(const PlayerVolume& volume);
  // What was set last, here or at the server.
  const PlayerVolume& volume() const { return volume_.volume(); }
  // Forgets the epoch that was begun last if there is nothing in it to play and
  // no server has heard of it. Whether it did.
  bool ForgetSoundless() { return log_.ForgetSoundless(); }

  // Up to where the epoch may go on; what the last call granted while there is
  // none.
  int64_t granted() const;
  // Where what was said of the newest epoch ends. It goes back only where
  // OnOpen() is told and it was stale.
  int64_t end() const { return log_.end(); }
  // The call knows all that was said.
  bool caught_up() const { return open_ && log_.all_said(); }
  // What is known of the server's distance.
  std::optional<std::chrono::nanoseconds> round_trip() const;
  // For an operator to see.
  void set_clock_ppm(double ppm) { clock_ppm_ = ppm; }
  // Likewise: how long sound stays with its source, up to AddPacket().
  void set_source_delay(std::chrono::nanoseconds delay) {
    source_delay_ = delay;
  }

 private:
  // A call that was left, and plays what it has.
  struct Tail {
    std::unique_ptr<StreamCall> call;
    uint64_t last_epoch = 0;
    bool cut = false;  // that epoch goes on elsewhere
  };

  void OnOpened(StreamCall& call, const v1::Opened& opened) override;
  void OnProgress(StreamCall& call, const v1::Progress& progress) override;
  void OnDrained(StreamCall& call, const v1::Drained& drained) override;
  void OnGoAway(StreamCall& call, const v1::GoAway& go_away) override;
  void OnVolume(StreamCall& call, const v1::Volume& volume) override;
  void OnPingDue(StreamCall& call) override;
  void OnOver(StreamCall& call, const absl::Status& reason) override;

  void OnDial() override;
  void OnNoAddress() override;
  // An epoch is under way and not paused: somebody waits for the service.
  bool Wanted() const { return log_.in_epoch() && !paused_at_; }
  v1::Open MakeOpen(const SendLog::Point& point) const;
  void TakeOpened(const v1::Opened& opened);
  void OnCallOver(const absl::Status& reason);
  // What its server said of when to come back.
  void HeedRetry(const StreamCall& call);
  void OnTailOver(std::list<Tail>::iterator tail);
  std::list<Tail>::iterator FindTail(const StreamCall& call);

  void Pump();
  void SayNext(const SendLog::Message& message);
  uint64_t Ping(StreamCall& call);
  std::chrono::nanoseconds UnsaidDelay() const;
  void SyncPause();
  void SyncVolume();
  bool Plays() const;

  // To another server. See GoAway.
  SendLog::Point PlanMove();
  void OpenElsewhere();
  void TryMove();
  void Move();
  void GiveUpMove();

  const boost::asio::any_io_executor executor_;
  const Options options_;
  Listener& listener_;
  ServerTargets targets_;
  Redialer redialer_;
  std::string trouble_;  // that was logged since a call was open last

  SendLog log_;
  CreditWindow credit_;  // of the epoch that was begun last on this call
  uint64_t credit_epoch_ = 0;
  int64_t held_grant_ = 0;  // of the newest epoch, while no call knows it
  int64_t initial_window_ms_ = 0;
  std::optional<MonotonicTime> paused_at_;
  double clock_ppm_ = 0;
  std::chrono::nanoseconds source_delay_{0};

  std::unique_ptr<StreamCall> call_;
  ResponseChecker checker_;  // as the last call left it
  SendLog::Point restart_;   // as Open said
  std::string resume_token_;
  // The server may have some of the pre-roll: only once it has more can it tell
  // how much.
  std::optional<SendLog::Point> pre_rolled_;
  std::chrono::nanoseconds last_round_trip_{0};
  bool open_ = false;
  std::optional<bool> said_paused_ = false;
  uint64_t confirming_ping_ = 0;  // 0: none
  VolumeSync volume_;
  bool going_away_ = false;
  bool closing_ = false;
  int failures_ = 0;

  ChannelConnector elsewhere_;
  boost::asio::steady_timer move_timer_;
  std::unique_ptr<StreamCall> next_;
  v1::Opened next_opened_;
  std::optional<PlayerVolume> next_volume_;  // as it was told there
  SendLog::Point move_;
  int moves_tried_ = 0;
  std::list<Tail> tails_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYBACK_STREAM_H_
