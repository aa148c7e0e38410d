#ifndef EARSHOT_SERVER_SINKS_WAV_FILE_H_
#define EARSHOT_SERVER_SINKS_WAV_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/sinks/channel_layout.h"

namespace earshot {

// A 16-bit PCM WAV file that is being written. Its header has room for the
// ds64 chunk of RF64 (EBU Tech 3306, 4.2), so it becomes RF64 in place when it
// outgrows 4 GiB. (libsndfile 1.2 writes such files only as
// WAVE_FORMAT_EXTENSIBLE, with 22 valid bits of 16, which many readers refuse.)
// More than two channels make it WAVE_FORMAT_EXTENSIBLE, which says where each
// of them stands; see WavChannels.
// Thread: none of its own.
class WavFile {
 public:
  // The largest size that a RIFF header can say.
  static constexpr int64_t kRiffLimit = 0xffffffff;

  // Creates `stem`.wav, or `stem`-2.wav and so on: never overwrites. Beyond
  // `riff_limit` bytes it is RF64.
  static absl::StatusOr<std::unique_ptr<WavFile>> Create(
      const std::string& stem, int rate_hz, const ChannelLayout& layout,
      int64_t riff_limit = kRiffLimit);
  // Leaves the header as it was updated last.
  ~WavFile();

  WavFile(const WavFile&) = delete;
  WavFile& operator=(const WavFile&) = delete;

  // Whole frames, interleaved in the order of WavChannels. After an error the
  // file ends with the last frame that was written whole.
  absl::Status Append(absl::Span<const int16_t> samples);
  // Makes the header say what the file holds.
  absl::Status UpdateHeader();

  const std::string& path() const { return path_; }
  int64_t frames() const { return data_bytes_ / frame_bytes_; }

 private:
  WavFile(int fd, std::string path, std::string format, int64_t frame_bytes,
          int64_t riff_limit);

  int64_t header_bytes() const;
  std::string Header() const;

  const int fd_;
  const std::string path_;
  const std::string format_;  // what the fmt chunk holds
  const int64_t frame_bytes_;
  const int64_t riff_limit_;
  int64_t data_bytes_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SINKS_WAV_FILE_H_
