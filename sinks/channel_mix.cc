#include "sinks/channel_mix.h"

#include <algorithm>
#include <cmath>

namespace earshot {
namespace {

using P = ChannelPosition;

// -3 dB, to each of two neighbors as to the one in the place of another: what
// BS.775 has for the center and the surround channels.
const double kLess = std::sqrt(0.5);

// Where a channel goes whose loudspeaker is missing: the first of these ways
// whose loudspeakers are all there.
struct Way {
  P from;
  double gain;
  std::vector<P> to;
};

const std::vector<Way>& Ways() {
  static const auto* const kWays = new std::vector<Way>{
      {P::kMono, 1, {P::kFrontLeft, P::kFrontRight}},
      {P::kMono, 1, {P::kFrontCenter}},
      {P::kFrontCenter, 1, {P::kMono}},
      {P::kFrontCenter, kLess, {P::kFrontLeft, P::kFrontRight}},
      {P::kFrontLeft, kLess, {P::kFrontCenter}},
      {P::kFrontLeft, kLess, {P::kMono}},
      {P::kFrontRight, kLess, {P::kFrontCenter}},
      {P::kFrontRight, kLess, {P::kMono}},
      // What is beside the listener is behind him in smaller rooms.
      {P::kSideLeft, 1, {P::kRearLeft}},
      {P::kSideRight, 1, {P::kRearRight}},
      {P::kRearLeft, 1, {P::kSideLeft}},
      {P::kRearRight, 1, {P::kSideRight}},
      {P::kSideLeft, kLess, {P::kRearCenter}},
      {P::kSideRight, kLess, {P::kRearCenter}},
      {P::kRearLeft, kLess, {P::kRearCenter}},
      {P::kRearRight, kLess, {P::kRearCenter}},
      {P::kRearCenter, kLess, {P::kRearLeft, P::kRearRight}},
      {P::kRearCenter, kLess, {P::kSideLeft, P::kSideRight}},
      {P::kSideLeft, kLess, {P::kFrontLeft}},
      {P::kSideRight, kLess, {P::kFrontRight}},
      {P::kRearLeft, kLess, {P::kFrontLeft}},
      {P::kRearRight, kLess, {P::kFrontRight}},
      // By way of two surround channels that are not there either.
      {P::kRearCenter, 0.5, {P::kFrontLeft, P::kFrontRight}},
      {P::kSideLeft, 0.5, {P::kFrontCenter}},
      {P::kSideRight, 0.5, {P::kFrontCenter}},
      {P::kRearLeft, 0.5, {P::kFrontCenter}},
      {P::kRearRight, 0.5, {P::kFrontCenter}},
      {P::kRearCenter, kLess, {P::kFrontCenter}},
      {P::kSideLeft, 0.5, {P::kMono}},
      {P::kSideRight, 0.5, {P::kMono}},
      {P::kRearLeft, 0.5, {P::kMono}},
      {P::kRearRight, 0.5, {P::kMono}},
      {P::kRearCenter, kLess, {P::kMono}},
  };
  return *kWays;
}

bool Has(const ChannelLayout& layout, P position) {
  return std::find(layout.begin(), layout.end(), position) != layout.end();
}

// How much of channel `index` each loudspeaker gets.
std::vector<double> Column(const ChannelLayout& from, size_t index,
                           const ChannelLayout& to) {
  std::vector<double> column(to.size(), 0.0);
  const P position = from[index];
  auto give = [&](P loudspeaker, double gain) {
    const auto at = std::find(to.begin(), to.end(), loudspeaker);
    column[static_cast<size_t>(at - to.begin())] = gain;
  };
  if (position == P::kUnspecified) {
    // The loudspeaker of the same number, if it is nobody else's.
    if (index < to.size() &&
        (to[index] == P::kUnspecified || !Has(from, to[index]))) {
      column[index] = 1;
    }
    return column;
  }
  if (Has(to, position)) {
    give(position, 1);
    return column;
  }
  for (const Way& way : Ways()) {
    if (way.from != position ||
        !std::all_of(way.to.begin(), way.to.end(),
                     [&to](P p) { return Has(to, p); })) {
      continue;
    }
    for (const P p : way.to) give(p, way.gain);
    break;
  }
  return column;
}

}  // namespace

ChannelMix::ChannelMix(const ChannelLayout& from, const ChannelLayout& to)
    : from_channels_(from.size()), loudspeakers_(to.size()) {
  std::vector<std::vector<double>> columns;
  std::vector<double> loudest(to.size(), 0.0);
  for (size_t i = 0; i < from.size(); ++i) {
    columns.push_back(Column(from, i, to));
    for (size_t j = 0; j < to.size(); ++j) loudest[j] += columns[i][j];
  }
  double most = 1;
  for (const double sum : loudest) most = std::max(most, sum);
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = 0; j < to.size(); ++j) {
      if (columns[i][j] == 0) continue;
      loudspeakers_[j].push_back({i, static_cast<float>(columns[i][j] / most)});
    }
  }
}

float ChannelMix::gain(size_t from, size_t to) const {
  for (const Part& part : loudspeakers_[to]) {
    if (part.from == from) return part.gain;
  }
  return 0;
}

void ChannelMix::Apply(absl::Span<const float> in,
                       std::vector<float>* out) const {
  out->clear();
  out->reserve(in.size() / from_channels_ * loudspeakers_.size());
  for (size_t frame = 0; frame + from_channels_ <= in.size();
       frame += from_channels_) {
    for (const std::vector<Part>& parts : loudspeakers_) {
      float sample = 0;
      for (const Part& part : parts) {
        sample += in[frame + part.from] * part.gain;
      }
      out->push_back(sample);
    }
  }
}

}  // namespace earshot
