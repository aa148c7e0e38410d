#ifndef EARSHOT_CLIENT_CLI_SOUND_FILE_H_
#define EARSHOT_CLIENT_CLI_SOUND_FILE_H_

#include <sndfile.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/channel_layout.h"

namespace earshot {

// The PCM of a file or of standard input, one piece after the other.
class SoundFile {
 public:
  // `path` "-" is standard input. With a `raw_rate_hz` the input has no header.
  static absl::StatusOr<std::unique_ptr<SoundFile>> Open(
      const std::string& path, int raw_rate_hz, int raw_channels);

  int rate_hz() const { return info_.samplerate; }
  int channels() const { return info_.channels; }
  // As the file has them, or as WAV files have so many channels; empty for up
  // to two.
  ChannelPositions positions() const;
  // 0 if it is not known beforehand.
  int64_t frames() const { return frames_; }
  // The next frames, interleaved, at most `frames`; none at the end.
  absl::Span<const float> Read(int frames);

 private:
  struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
  };
  SoundFile(SNDFILE* file, const SF_INFO& info);

  const std::unique_ptr<SNDFILE, Close> file_;
  const SF_INFO info_;
  const int64_t frames_;
  std::vector<float> buffer_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_SOUND_FILE_H_
