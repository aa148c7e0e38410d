#ifndef EARSHOT_SERVER_RECORDING_RECORDER_H_
#define EARSHOT_SERVER_RECORDING_RECORDER_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/limits/token_bucket.h"
#include "server/recording/record_options.h"
#include "server/recording/recording.h"
#include "server/recording/recording_file.h"
#include "server/recording/recording_folder.h"

namespace earshot {

struct RecordingCounts {
  int64_t active = 0;
  int64_t complete = 0;  // of those that are over
  int64_t failed = 0;
  // Epochs that are under way, and whose recording has failed.
  int64_t stopped = 0;
};

// Records what the server plays: one file for each epoch, beside whatever else
// it is played on. One thread writes them all, ten times a second: a disk that
// makes it wait, is full, or is gone, costs recordings and never a stream. The
// next epoch tries again. Thread-safe.
class Recorder {
 public:
  // Creates the folder; an error, in words for a person, if it cannot.
  static absl::StatusOr<std::unique_ptr<Recorder>> Create(
      RecordOptions options);
  // All are complete when it returns. No play-out uses them any more.
  ~Recorder();

  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Never null: one in trouble says so itself.
  std::shared_ptr<Recording> Begin(RecordingRequest request);
  RecordingCounts counts() const;

 private:
  explicit Recorder(RecordOptions options);

  void Run();
  void WriteAll(MonotonicTime now);
  void Finish(const std::shared_ptr<Recording>& recording, MonotonicTime now);
  void DeleteOld(MonotonicTime now);

  const RecordingFolder folder_;

  mutable std::mutex recorder_mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Recording>> recordings_;
  std::vector<std::weak_ptr<Recording>> failed_;  // until their epochs end
  RecordingCounts counts_;
  bool stopped_ = false;

  // The thread's.
  TokenBucket failure_lines_;
  uint64_t failures_unsaid_ = 0;
  MonotonicTime next_deletion_;
  std::thread thread_;  // last: uses the others
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_RECORDING_RECORDER_H_
