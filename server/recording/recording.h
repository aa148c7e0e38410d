#ifndef EARSHOT_SERVER_RECORDING_RECORDING_H_
#define EARSHOT_SERVER_RECORDING_RECORDING_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "server/playout_observer.h"
#include "server/recording/recording_file.h"
#include "server/stream_types.h"

namespace earshot {

// The recording of one epoch: what is played waits here for the thread that
// writes it, ten seconds of sound at most. Trouble ends it, and is said.
class Recording : public PlayoutObserver {
 public:
  static constexpr int kMostSeconds = 10;

  Recording(const RecordingFolder* folder, RecordingRequest request);

  // --- The play-out.
  void OnPlayed(const Played& played) override;
  // Nothing more will come. Does not wait.
  void Close();

  // --- Any thread.
  // Empty until there is a file.
  std::string path() const;
  // What went wrong, for people; empty if nothing did.
  std::string problem() const;

  // --- The thread that writes. What waits is written; false once all is.
  bool Write(MonotonicTime now);
  const RecordingRequest& request() const { return file_.request(); }

 private:
  absl::Status WriteOut(const std::vector<Played>& played, MonotonicTime now);
  void FailLocked(const absl::Status& status);

  mutable std::mutex recording_mutex_;  // guards what follows
  std::vector<Played> waiting_;
  int64_t waiting_frames_ = 0;
  bool closed_ = false;
  std::string path_;
  std::string problem_;

  // The thread's.
  RecordingFile file_;
  MonotonicTime next_check_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_RECORDING_RECORDING_H_
