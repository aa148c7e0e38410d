#ifndef EARSHOT_SINKS_ENDLESS_WAV_H_
#define EARSHOT_SINKS_ENDLESS_WAV_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codec/channel_layout.h"
#include "sinks/new_file.h"
#include "sinks/pcm_file.h"

namespace earshot {

// 16-bit PCM WAV for a pipe, where no header can be corrected later: it says
// the largest sizes there are, which players take for "until it ends". Thread:
// none of its own.
class EndlessWav : public PcmFile {
 public:
  static absl::StatusOr<std::unique_ptr<EndlessWav>> Begin(
      std::unique_ptr<NewFile> file, int rate_hz, const ChannelLayout& layout);

  absl::Status Append(absl::Span<const int16_t> samples) override;
  absl::Status UpdateHeader() override { return absl::OkStatus(); }

 private:
  explicit EndlessWav(std::unique_ptr<NewFile> file) : file_(std::move(file)) {}

  const std::unique_ptr<NewFile> file_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_ENDLESS_WAV_H_
