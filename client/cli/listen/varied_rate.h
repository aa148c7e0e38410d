#ifndef EARSHOT_CLIENT_CLI_LISTEN_VARIED_RATE_H_
#define EARSHOT_CLIENT_CLI_LISTEN_VARIED_RATE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/types/span.h"

struct soxr;

namespace earshot {

// Plays sound a little faster or slower, with soxr: so that what comes by one
// clock is heard by another. At ratios around 1, a sine keeps 110 dB of SNR,
// and is heard 2.1 ms (100 frames) later. Thread: one at a time.
class VariedRate {
 public:
  // Fills all of `in`, interleaved.
  using Feed = std::function<void(absl::Span<float> in)>;

  VariedRate(int channels, Feed feed);
  ~VariedRate();

  VariedRate(const VariedRate&) = delete;
  VariedRate& operator=(const VariedRate&) = delete;

  // Frames that are fed for each that is put out: within 5 % of 1.
  void SetRatio(double ratio);
  // Fills all of `out`; calls the feed as it needs.
  void Pull(absl::Span<float> out);

 private:
  struct Destroy {
    void operator()(soxr* resampler) const;
  };
  static size_t FeedSoxr(void* self, const void** in, size_t frames);

  const size_t channels_;
  const Feed feed_;
  std::vector<float> in_;
  const std::unique_ptr<soxr, Destroy> resampler_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_VARIED_RATE_H_
