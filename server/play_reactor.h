#ifndef EARSHOT_SERVER_PLAY_REACTOR_H_
#define EARSHOT_SERVER_PLAY_REACTOR_H_

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "proto/earshot/v1/playback.grpc.pb.h"
#include "server/access/access_control.h"
#include "server/access/caller.h"
#include "server/access/quotas.h"
#include "server/limits/call_limits.h"
#include "server/limits/log_limiter.h"
#include "server/limits/open_limits.h"
#include "server/limits/overload_detector.h"
#include "server/playout_pool.h"
#include "server/recording/recorder.h"
#include "server/refusal.h"
#include "server/session.h"
#include "server/stream_entry.h"
#include "server/stream_registry.h"
#include "sinks/sink_factory.h"

namespace earshot {

// What the calls of a server share. It outlives them.
struct PlaybackContext {
  const AccessControl* access;
  StreamRegistry* registry;
  PlayoutPool* pool;
  const SinkFactory* sinks;
  Recorder* recorder;  // null: nothing is recorded
  PlayoutConfig config;
  std::chrono::milliseconds open_timeout;
  std::chrono::milliseconds resume_timeout;
  const OverloadDetector* overload;
  // Ends the connection of a peer.
  std::function<void(const std::string&)> cut;
  OpenLimits opens{};
  LogLimiter log{};  // of calls that are ended
  std::atomic<bool> draining{false};
  std::atomic<int> calls{0};
};

// One Play call: opens a stream or goes on with one, checks and hands on what
// the client says, and tells it what its session reports. One read and one
// write are in flight; Progress is made when it can be written, so a client
// that reads slowly gets less of it, and nothing piles up.
//
// Threads: gRPC's for the On... methods, any for the others.
class PlayReactor
    : public grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>,
      public std::enable_shared_from_this<PlayReactor> {
 public:
  // The reactor keeps itself alive until gRPC is done with it.
  static PlayReactor* Start(PlaybackContext* playback,
                            grpc::CallbackServerContext* call);

  // Writes what there is to be told, if nothing is being written.
  void Flush();
  // Ends the call; harmless if it has ended. Its stream waits for the client.
  void EndCall(const Refusal& refusal);
  // The client is to leave within so many ms.
  void GoAway(int deadline_ms);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What becomes of the stream when its call ends.
  enum class Afterwards { kWaits, kEnds };

  PlayReactor(PlaybackContext* playback, grpc::CallbackServerContext* call);

  Refusal Admit();
  void Settle();
  void StartOpenTimeout();
  CallHandle Handle();
  void Read();
  void HalfClose();
  Refusal Take(MonotonicTime now);
  Refusal Open(MonotonicTime now);
  bool GoOn(const StreamInfo& info, MonotonicTime now);
  Refusal OpenNew(const StreamInfo& info, MonotonicTime now);
  void SpeakFor(const std::shared_ptr<StreamEntry>& entry,
                const Attachment& attachment, MonotonicTime now);
  void StartPlayout();
  Refusal Begin(MonotonicTime now);
  bool MakeResponse(MonotonicTime now);
  void MaybeFinish();
  void EndLocked(const Refusal& refusal, Afterwards afterwards);
  void FinishLocked(const grpc::Status& status, Afterwards afterwards);
  void Leave(Afterwards afterwards, MonotonicTime now);

  PlaybackContext* const playback_;
  grpc::CallbackServerContext* const call_;  // until OnDone
  const std::string peer_;
  Caller caller_;
  Quotas quotas_;           // as the call began
  std::string opener_;      // with whose calls it counts
  bool unsettled_ = false;  // of PlaybackContext::opens
  std::optional<CallLimits> limits_;
  std::shared_ptr<PlayReactor> self_;  // until OnDone
  v1::PlayRequest request_;
  grpc::Alarm open_timeout_;

  // Set by Open, in a read; read by other threads only under call_mutex_.
  std::shared_ptr<StreamEntry> entry_;
  std::shared_ptr<Session> session_;
  uint64_t call_id_ = 0;        // of this call, for the session
  uint64_t resumed_epoch_ = 0;  // of Open; 0 once it was begun
  int64_t next_frame_ = 0;

  std::mutex call_mutex_;  // guards session_ and what follows
  v1::PlayResponse response_;
  std::optional<v1::Opened> opened_;
  std::optional<int> go_away_ms_;
  bool went_away_ = false;  // GoAway was written
  bool writing_ = false;
  bool half_closed_ = false;  // the client says nothing more
  bool finished_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAY_REACTOR_H_
