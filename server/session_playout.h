#ifndef EARSHOT_SERVER_SESSION_PLAYOUT_H_
#define EARSHOT_SERVER_SESSION_PLAYOUT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/recording/recording.h"
#include "server/session.h"
#include "server/stream_types.h"
#include "sinks/audio_sink.h"

namespace earshot {

// Plays one session: gives each of its epochs a sink, ticks that, and tells
// the session and its client when an epoch was played to its end.
// Thread: all calls come from the one play-out thread that the pool gave it.
class SessionPlayout {
 public:
  using MakeSink =
      std::function<std::unique_ptr<AudioSink>(const EpochParams&)>;

  // Of an epoch; null if it is not recorded.
  using MakeRecording =
      std::function<std::shared_ptr<Recording>(const EpochParams&)>;

  // `report_due` is called when the client has something to be told;
  // `closed` once, when the session is at its end. Neither may block.
  SessionPlayout(std::string name, std::shared_ptr<Session> session,
                 MakeSink make_sink, MakeRecording make_recording,
                 std::function<void()> report_due,
                 std::function<void()> closed);
  ~SessionPlayout();

  SessionPlayout(const SessionPlayout&) = delete;
  SessionPlayout& operator=(const SessionPlayout&) = delete;

  // Does what is due. False when the session is closed: the last tick.
  bool Tick(MonotonicTime now);
  // Whether there is nothing to play: then it need not be ticked until it is
  // due. Who stirs it says so by `stirred`, on any thread.
  bool rests() const { return sink_ == nullptr && !session_->HasEpoch(); }
  bool Due(MonotonicTime now) {
    return session_->TakeStirred() || now >= next_look_;
  }
  void OnStirred(std::function<void()> stirred) {
    session_->OnStirred(std::move(stirred));
  }
  // Ends the session at once; what was played stays recorded.
  void Stop();

 private:
  void StartEpoch(const EpochParams& params, MonotonicTime now);
  void FinishEpoch(MonotonicTime now);
  void EndRecording();
  void CheckSink();

  const std::string name_;
  const std::shared_ptr<Session> session_;
  std::unique_ptr<AudioSink> sink_;  // of the epoch that plays
  MonotonicTime next_look_;          // while it rests

  const MakeSink make_sink_;
  const MakeRecording make_recording_;
  const std::function<void()> report_due_;
  const std::function<void()> closed_;
  // Of the epoch that plays.
  std::shared_ptr<Recording> recording_;
  std::string problem_;  // of both
  std::string recording_path_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_PLAYOUT_H_
