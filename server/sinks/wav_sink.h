#ifndef EARSHOT_SERVER_SINKS_WAV_SINK_H_
#define EARSHOT_SERVER_SINKS_WAV_SINK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "server/sinks/paced_sink.h"

// libsndfile's SNDFILE.
struct sf_private_tag;

namespace earshot {

// Records one epoch in a 16-bit WAV file: its media frames and nothing else,
// so the file holds exactly what the guest played. S16 sound is kept bit by
// bit. Beyond 4 GiB the file becomes RF64 (EBU Tech 3306).
//
// The header is brought up to date every second, so that even a killed server
// leaves a file that can be read. A file is never overwritten. An error ends
// the recording and is logged once; the clock goes on.
class WavSink : public PacedSink {
 public:
  // Creates the file `stem`.wav, or `stem`-2.wav and so on if that exists.
  WavSink(const std::string& stem, int rate_hz, int channels);
  ~WavSink() override;

  WavSink(const WavSink&) = delete;
  WavSink& operator=(const WavSink&) = delete;

  void Stop() override;
  std::string description() const override { return "wav:" + path_; }
  std::string problem() const override { return problem_; }

 protected:
  void Consume(int64_t silence_frames, absl::Span<const float> media) override;

 private:
  void Write(const int16_t* samples, int64_t frames);
  void Fail(const std::string& what);

  const int rate_hz_;
  std::string path_;
  std::string problem_;
  sf_private_tag* file_ = nullptr;  // null after Stop() and after an error
  int64_t frames_since_header_ = 0;
  std::vector<int16_t> samples_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SINKS_WAV_SINK_H_
