#ifndef EARSHOT_SERVER_SEAM_H_
#define EARSHOT_SERVER_SEAM_H_

#include <vector>

#include "absl/types/span.h"

namespace earshot {

// Covers what would click: after a skip the sound fades from the last sample
// that was heard into what comes, and where sound stops without a word the last
// sample decays. All else goes through as it is, bit by bit. Sound is
// interleaved. Thread: the play-out's.
class Seam {
 public:
  Seam(int rate_hz, int channels);

  // Frames are missing before the next ones.
  void Skipped() { fade_ = 0; }
  // Of the stream: fades them if they follow a skip.
  void Media(absl::Span<float> sound);
  // No part of the stream, all zeros: a priming, an underrun, a pause. The last
  // sample decays into it.
  void Gap(absl::Span<float> silence);
  // The stream itself was silent for a while.
  void Silence();

 private:
  // How much of the new sound is heard in a fade's frame: from 0 to 1.
  float Rise(size_t frame) const;
  void Remember(absl::Span<const float> heard);

  const size_t channels_;
  const size_t fade_frames_;
  std::vector<float> last_;    // what was heard last, of each channel
  std::vector<float> anchor_;  // what fades or decays
  size_t fade_;                // frames faded since the skip
  size_t decay_ = 0;           // frames decayed in this gap
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SEAM_H_
