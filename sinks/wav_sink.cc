#include "sinks/wav_sink.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "sinks/sample_format.h"
#include "sinks/wav_channels.h"

namespace earshot {

WavSink::WavSink(absl::StatusOr<std::unique_ptr<WavFile>> file, int rate_hz,
                 const ChannelLayout& layout)
    : PacedSink(rate_hz, static_cast<int>(layout.size())),
      order_(WavChannelsOf(layout).order) {
  if (file.ok()) {
    writer_ =
        std::make_unique<WavWriter>(*std::move(file), rate_hz, channels());
    return;
  }
  no_file_ = absl::StrCat("not recorded: ", file.status().message());
  spdlog::error("recording failed error=\"{}\"",
                std::string(file.status().message()));
}

WavSink::~WavSink() = default;

void WavSink::Stop() {
  if (writer_ != nullptr) writer_->Close();
}

std::string WavSink::description() const {
  return absl::StrCat("wav:", writer_ != nullptr ? writer_->path() : "");
}

std::string WavSink::problem() const {
  return writer_ != nullptr ? writer_->problem() : no_file_;
}

void WavSink::Consume(int64_t silence_frames, absl::Span<const float> media) {
  if (writer_ == nullptr) return;
  samples_.resize(media.size());
  size_t to = 0;
  for (size_t frame = 0; frame < media.size(); frame += order_.size()) {
    for (const size_t from : order_) {
      samples_[to++] = ToS16(media[frame + from]);
    }
  }
  writer_->Write(silence_frames, samples_);
}

}  // namespace earshot
