#ifndef EARSHOT_CLIENT_RATE_CONVERTER_H_
#define EARSHOT_CLIENT_RATE_CONVERTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

struct soxr;

namespace earshot {

// Resamples PCM for a codec that has not its rate, with soxr: linear phase, so
// that frame n of what goes in is heard at frame n * rate out / rate in of what
// comes out, which is not shifted. It comes out later than it goes in, by at
// most lag_frames().
//
// Thread: any, one at a time. Samples are interleaved floats. Nothing is
// allocated while it runs, but at its beginning.
class RateConverter {
 public:
  // INVALID_ARGUMENT if soxr does not take the rates.
  static absl::StatusOr<std::unique_ptr<RateConverter>> Create(int rate_in_hz,
                                                               int rate_out_hz,
                                                               int channels);
  ~RateConverter();
  RateConverter(const RateConverter&) = delete;
  RateConverter& operator=(const RateConverter&) = delete;

  // Starts anew: the next frame that goes in is frame 0.
  void Restart();
  // Whole frames. Take() must follow; a Write of a few milliseconds keeps what
  // waits for it small.
  void Write(absl::Span<const float> pcm);
  // What was written is all: its end is put out by zeros until at least so many
  // frames are ready. Restart() must follow before more goes in.
  void Finish(int64_t frames);

  int64_t ready_frames() const;
  // The next frames, at most ready_frames(); valid until the next call.
  absl::Span<const float> Take(int64_t frames);

  // When n frames have gone in, n * rate out / rate in - lag_frames() at least
  // have come out.
  int lag_frames() const { return lag_frames_; }

 private:
  struct Destroy {
    void operator()(soxr* resampler) const;
  };
  RateConverter(std::unique_ptr<soxr, Destroy> resampler, double ratio,
                int channels);

  int MeasureLag();

  const std::unique_ptr<soxr, Destroy> resampler_;
  const double ratio_;  // rate in / rate out
  const size_t channels_;
  bool fresh_ = true;  // nothing went in
  // [taken_, ready_) of it waits to be taken, in samples.
  std::vector<float> out_;
  size_t taken_ = 0;
  size_t ready_ = 0;
  std::vector<float> zeros_;
  int lag_frames_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_RATE_CONVERTER_H_
