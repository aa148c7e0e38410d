#ifndef EARSHOT_SERVER_SESSION_PLAYOUT_H_
#define EARSHOT_SERVER_SESSION_PLAYOUT_H_

#include <functional>
#include <memory>
#include <string>

#include "server/session.h"
#include "server/sinks/audio_sink.h"
#include "server/stream_types.h"

namespace earshot {

// Plays one session: gives each of its epochs a sink, ticks that, and tells
// the session and its client when an epoch was played to its end.
// Thread: all calls come from the one play-out thread that the pool gave it.
class SessionPlayout {
 public:
  using MakeSink =
      std::function<std::unique_ptr<AudioSink>(const EpochParams&)>;

  // `report_due` is called when the client has something to be told;
  // `closed` once, when the session is at its end. Neither may block.
  SessionPlayout(std::string name, std::shared_ptr<Session> session,
                 MakeSink make_sink, std::function<void()> report_due,
                 std::function<void()> closed);
  ~SessionPlayout();

  SessionPlayout(const SessionPlayout&) = delete;
  SessionPlayout& operator=(const SessionPlayout&) = delete;

  // Does what is due. False when the session is closed: the last tick.
  bool Tick(MonotonicTime now);
  // Ends the session at once; what was played stays recorded.
  void Stop();

 private:
  void StartEpoch(const EpochParams& params, MonotonicTime now);
  void FinishEpoch(MonotonicTime now);
  void CheckSink();

  const std::string name_;
  const std::shared_ptr<Session> session_;
  const MakeSink make_sink_;
  const std::function<void()> report_due_;
  const std::function<void()> closed_;
  std::unique_ptr<AudioSink> sink_;  // of the epoch that plays
  std::string problem_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_PLAYOUT_H_
