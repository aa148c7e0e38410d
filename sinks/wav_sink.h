#ifndef EARSHOT_SINKS_WAV_SINK_H_
#define EARSHOT_SINKS_WAV_SINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codec/channel_layout.h"
#include "sinks/paced_sink.h"
#include "sinks/wav_file.h"
#include "sinks/wav_writer.h"

namespace earshot {

// Records one epoch in a 16-bit WAV file: its media frames and nothing else,
// so the file holds exactly what the guest played. S16 sound is kept bit by
// bit; NaN, which no codec should give, becomes 0.
//
// Even a killed server leaves a file that can be read. An error ends the
// recording and is logged once; the clock goes on.
class WavSink : public PacedSink {
 public:
  // `file` may be an error: then there is nothing but that to be seen.
  WavSink(absl::StatusOr<std::unique_ptr<WavFile>> file, int rate_hz,
          const ChannelLayout& layout);
  ~WavSink() override;

  void Stop() override;
  std::string description() const override;
  std::string problem() const override;

 protected:
  void Consume(int64_t silence_frames, absl::Span<const float> media) override;

 private:
  const std::vector<size_t> order_;    // of channels in the file
  std::unique_ptr<WavWriter> writer_;  // null if there is no file
  std::string no_file_;                // why
  std::vector<int16_t> samples_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_WAV_SINK_H_
