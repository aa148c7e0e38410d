#ifndef EARSHOT_SINKS_WAV_WRITER_H_
#define EARSHOT_SINKS_WAV_WRITER_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sinks/wav_file.h"

namespace earshot {

// Writes a WAV file on a thread of its own: a disk makes its writers wait, for
// half a second when it is busy, and play-out cannot. What has not been written
// yet waits in memory, 10 s of sound at most; digital silence takes none.
//
// The header is brought up to date every second. An error, and a disk that is
// too slow, ends the file where it is and is logged once.
// Thread: any, one at a time; problem() any.
class WavWriter {
 public:
  WavWriter(std::unique_ptr<WavFile> file, int rate_hz, int channels);
  // As Close().
  ~WavWriter();

  // Silence, and then whole frames, interleaved. Does not block.
  void Write(int64_t silence_frames, absl::Span<const int16_t> samples);
  // Waits until all is written and the file is complete.
  void Close();

  const std::string& path() const { return path_; }
  // What went wrong, for people; empty if nothing did.
  std::string problem() const;

 private:
  // Digital silence and then samples, in turns.
  struct Run {
    int64_t silence_samples = 0;
    size_t samples = 0;
  };
  struct Sound {
    std::vector<Run> runs;
    std::vector<int16_t> samples;
  };

  void Work();
  absl::Status WriteOut(const Sound& sound);
  absl::Status WriteZeros(int64_t samples);
  absl::Status RefreshHeader();
  void Fail(const absl::Status& status);  // under the mutex

  const int rate_hz_;
  const int channels_;
  const size_t most_samples_;
  const std::string path_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Sound waiting_;
  bool closing_ = false;
  std::string problem_;

  // The thread's.
  const std::unique_ptr<WavFile> file_;
  int64_t frames_in_header_ = 0;
  std::thread thread_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_WAV_WRITER_H_
