#ifndef EARSHOT_SERVER_PLAYBACK_SERVICE_H_
#define EARSHOT_SERVER_PLAYBACK_SERVICE_H_

#include <chrono>
#include <functional>
#include <string>

#include "proto/earshot/v1/playback.grpc.pb.h"
#include "server/play_reactor.h"

namespace earshot {

// PlaybackService of the contract: one PlayReactor for each call.
class PlaybackServiceImpl final : public v1::PlaybackService::CallbackService {
 public:
  // What is pointed to outlives it, and it outlives its calls.
  PlaybackServiceImpl(const AccessControl* access, StreamRegistry* registry,
                      PlayoutPool* pool, const SinkFactory* sinks,
                      Recorder* recorder,  // null: nothing is recorded
                      const PlayoutConfig& config,
                      std::chrono::milliseconds open_timeout,
                      std::chrono::milliseconds resume_timeout,
                      const OverloadDetector* overload,
                      std::function<void(const std::string&)> cut);

  grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>* Play(
      grpc::CallbackServerContext* context) override;

  // Takes no new streams and epochs, and tells every client to go elsewhere:
  // one after the other, so that they do not come there all at once. Calls end
  // when their epochs were played. Returns when all were told, which takes 10
  // ms for each, and no more than a quarter of the time until `deadline`.
  void StartDraining(MonotonicTime deadline);
  bool draining() const { return playback_.draining; }

 private:
  PlaybackContext playback_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAYBACK_SERVICE_H_
