#include "sinks/alsa_channels.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <set>

namespace earshot {
namespace {

using P = ChannelPosition;

// Streams have no more, and cards hardly ever.
constexpr unsigned kMostChannels = 8;

std::set<unsigned> MappedChannels(snd_pcm_t* pcm) {
  std::set<unsigned> counts;
  snd_pcm_chmap_query_t** const maps = snd_pcm_query_chmaps(pcm);
  if (maps == nullptr) return counts;
  for (size_t i = 0; maps[i] != nullptr; ++i) {
    counts.insert(maps[i]->map.channels);
  }
  snd_pcm_free_chmaps(maps);
  return counts;
}

P PositionOf(unsigned alsa) {
  switch (alsa & SND_CHMAP_POSITION_MASK) {
    case SND_CHMAP_MONO:
      return P::kMono;
    case SND_CHMAP_FL:
      return P::kFrontLeft;
    case SND_CHMAP_FR:
      return P::kFrontRight;
    case SND_CHMAP_FC:
      return P::kFrontCenter;
    case SND_CHMAP_LFE:
      return P::kLowFrequency;
    case SND_CHMAP_RL:
      return P::kRearLeft;
    case SND_CHMAP_RR:
      return P::kRearRight;
    case SND_CHMAP_SL:
      return P::kSideLeft;
    case SND_CHMAP_SR:
      return P::kSideRight;
    case SND_CHMAP_RC:
      return P::kRearCenter;
    default:
      return P::kUnspecified;
  }
}

// The kernel's snd_pcm_std_chmaps; what it has none for, in its manner.
ChannelLayout UsualLayout(unsigned channels) {
  if (channels == 3) return {P::kFrontLeft, P::kFrontRight, P::kFrontCenter};
  if (channels == 7) {
    return {P::kFrontLeft,   P::kFrontRight,   P::kSideLeft,  P::kSideRight,
            P::kFrontCenter, P::kLowFrequency, P::kRearCenter};
  }
  if (channels < 2 || channels > kMostChannels) {
    return LayoutOf(static_cast<int>(channels));
  }
  const ChannelLayout all = {P::kFrontLeft, P::kFrontRight,  P::kRearLeft,
                             P::kRearRight, P::kFrontCenter, P::kLowFrequency,
                             P::kSideLeft,  P::kSideRight};
  return ChannelLayout(all.begin(), all.begin() + channels);
}

}  // namespace

unsigned AlsaChannels(snd_pcm_t* pcm, snd_pcm_hw_params_t* hw,
                      unsigned wanted) {
  const std::set<unsigned> mapped = MappedChannels(pcm);
  for (const bool by_map : {true, false}) {
    auto takes = [&](unsigned channels) {
      return snd_pcm_hw_params_test_channels(pcm, hw, channels) == 0 &&
             (!by_map || mapped.empty() || mapped.count(channels) > 0);
    };
    for (unsigned n = wanted; n <= kMostChannels; ++n) {
      if (takes(n)) return n;
    }
    for (unsigned n = wanted - 1; n > 0; --n) {
      if (takes(n)) return n;
    }
  }
  return 0;
}

ChannelLayout AlsaLayout(snd_pcm_t* pcm, unsigned channels) {
  snd_pcm_chmap_t* const map = snd_pcm_get_chmap(pcm);
  ChannelLayout layout;
  if (map != nullptr && map->channels == channels) {
    for (unsigned i = 0; i < channels; ++i) {
      layout.push_back(PositionOf(map->pos[i]));
    }
  }
  std::free(map);
  const bool known = std::any_of(layout.begin(), layout.end(), [](P position) {
    return position != P::kUnspecified;
  });
  return known ? layout : UsualLayout(channels);
}

}  // namespace earshot
