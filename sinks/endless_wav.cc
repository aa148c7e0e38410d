#include "sinks/endless_wav.h"

#include <string>

#include "absl/strings/string_view.h"
#include "sinks/wav_format.h"

namespace earshot {
namespace {

constexpr uint64_t kUntilItEnds = 0xffffffff;

}  // namespace

absl::StatusOr<std::unique_ptr<EndlessWav>> EndlessWav::Begin(
    std::unique_ptr<NewFile> file, int rate_hz, const ChannelLayout& layout) {
  const std::string format = WavFormat(rate_hz, layout);
  std::string header = "RIFF";
  PutRiff(&header, kUntilItEnds, 4);
  header += "WAVEfmt ";
  PutRiff(&header, format.size(), 4);
  header += format;
  header += "data";
  PutRiff(&header, kUntilItEnds, 4);
  const absl::Status status = file->Append(header);
  if (!status.ok()) return status;
  return std::unique_ptr<EndlessWav>(new EndlessWav(std::move(file)));
}

absl::Status EndlessWav::Append(absl::Span<const int16_t> samples) {
  return file_->Append(
      absl::string_view(reinterpret_cast<const char*>(samples.data()),
                        samples.size() * sizeof(int16_t)));
}

}  // namespace earshot
