#ifndef EARSHOT_SINKS_WAV_FILE_H_
#define EARSHOT_SINKS_WAV_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codec/channel_layout.h"
#include "sinks/new_file.h"
#include "sinks/pcm_file.h"

namespace earshot {

// A 16-bit PCM WAV file that is being written. Its header has room for the
// ds64 chunk of RF64 (EBU Tech 3306, 4.2), so it becomes RF64 in place when it
// outgrows 4 GiB. (libsndfile 1.2 writes such files only as
// WAVE_FORMAT_EXTENSIBLE, with 22 valid bits of 16, which many readers refuse.)
// More than two channels make it WAVE_FORMAT_EXTENSIBLE, which says where each
// of them stands; see WavChannels.
// Thread: none of its own.
class WavFile : public PcmFile {
 public:
  // The largest size that a RIFF header can say.
  static constexpr int64_t kRiffLimit = 0xffffffff;

  // Creates `stem`.wav, or `stem`-2.wav and so on: never overwrites. Beyond
  // `riff_limit` bytes it is RF64.
  static absl::StatusOr<std::unique_ptr<WavFile>> Create(
      const std::string& stem, int rate_hz, const ChannelLayout& layout,
      int64_t riff_limit = kRiffLimit);
  // In a file that is empty.
  static absl::StatusOr<std::unique_ptr<WavFile>> Begin(
      std::unique_ptr<NewFile> file, int rate_hz, const ChannelLayout& layout,
      int64_t riff_limit = kRiffLimit);

  // After an error the file ends with the last frame that was written whole.
  absl::Status Append(absl::Span<const int16_t> samples) override;
  // Where it is not called, the header stays as it was.
  absl::Status UpdateHeader() override;

  const std::string& path() const { return file_->path(); }
  int64_t frames() const { return data_bytes_ / frame_bytes_; }

 private:
  WavFile(std::unique_ptr<NewFile> file, std::string format,
          int64_t frame_bytes, int64_t riff_limit);

  int64_t header_bytes() const;
  std::string Header() const;

  const std::unique_ptr<NewFile> file_;
  const std::string format_;  // what the fmt chunk holds
  const int64_t frame_bytes_;
  const int64_t riff_limit_;
  int64_t data_bytes_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_WAV_FILE_H_
