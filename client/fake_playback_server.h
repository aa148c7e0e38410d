#ifndef EARSHOT_CLIENT_FAKE_PLAYBACK_SERVER_H_
#define EARSHOT_CLIENT_FAKE_PLAYBACK_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "proto/earshot/v1/playback.grpc.pb.h"

namespace earshot {

// A playback service on a unix socket of its own that does what a test tells
// it: it keeps what clients say, answers Open if `answer_open`, and nothing
// else by itself. For tests. Thread: any.
class FakePlaybackServer : private v1::PlaybackService::CallbackService {
 public:
  // Does not listen yet.
  FakePlaybackServer();
  ~FakePlaybackServer() override;

  void Listen();
  // Every call breaks.
  void Shutdown();

  std::string address() const { return "unix:" + path_; }
  void set_answer_open(bool answer) { answer_open_ = answer; }
  // What is said to Open from now on; an initial window of 200 ms unless told.
  void set_opened(const v1::Opened& opened);
  // Whether calls from now on read more than Open.
  void set_read(bool read) { read_ = read; }

  // Calls that were opened.
  int calls() const;
  // What the newest call heard, less the Ping that follows a Begin.
  std::vector<v1::PlayRequest> requests() const;
  // What a call heard, from 0.
  std::vector<v1::PlayRequest> requests_of(size_t call) const;
  // The id of the Ping that followed the newest call's last Begin; 0: none.
  uint64_t begin_ping() const;
  // To the newest call.
  void Say(const v1::PlayResponse& response);
  void SayProgress(uint64_t epoch, int64_t granted, int64_t received,
                   int64_t played);
  void SayDrained(uint64_t epoch, int64_t played);
  void SayGoAway();
  void EndCall(const grpc::Status& status);

 private:
  class Call;

  grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>* Play(
      grpc::CallbackServerContext* context) override;
  std::shared_ptr<Call> newest() const;

  // A folder of its own: many tests may run at once, each with the same pid.
  const TemporaryFolder folder_;
  const std::string path_;
  std::atomic<bool> answer_open_ = true;
  std::atomic<bool> read_ = true;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Call>> calls_;
  v1::Opened opened_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_FAKE_PLAYBACK_SERVER_H_
