#ifndef EARSHOT_SINKS_CHANNEL_MIX_H_
#define EARSHOT_SINKS_CHANNEL_MIX_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "codec/channel_layout.h"

namespace earshot {

// Brings the channels of a stream to loudspeakers that stand elsewhere: in
// another order, or fewer. A channel whose loudspeaker is missing goes to its
// neighbors with the coefficients of ITU-R BS.775 (annex 4), and low frequency
// effects, which are no part of a downmix, to nobody. All is made quieter by
// one factor, so that full scale on all channels at once does not clip. Where
// each channel has its loudspeaker, samples stay what they are, bit by bit.
// Thread: any, one at a time.
class ChannelMix {
 public:
  ChannelMix(const ChannelLayout& from, const ChannelLayout& to);

  // How much of channel `from` is heard from loudspeaker `to`.
  float gain(size_t from, size_t to) const;
  // Replaces *out. Whole frames, interleaved.
  void Apply(absl::Span<const float> in, std::vector<float>* out) const;

 private:
  // Of one loudspeaker, what is not zero.
  struct Part {
    size_t from;
    float gain;
  };

  size_t from_channels_;
  std::vector<std::vector<Part>> loudspeakers_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_CHANNEL_MIX_H_
