#include "client/channel_layout.h"

#include <algorithm>

namespace earshot {
namespace {

constexpr auto kMono = v1::CHANNEL_POSITION_MONO;
constexpr auto kFl = v1::CHANNEL_POSITION_FRONT_LEFT;
constexpr auto kFr = v1::CHANNEL_POSITION_FRONT_RIGHT;
constexpr auto kFc = v1::CHANNEL_POSITION_FRONT_CENTER;
constexpr auto kLfe = v1::CHANNEL_POSITION_LOW_FREQUENCY;
constexpr auto kRl = v1::CHANNEL_POSITION_REAR_LEFT;
constexpr auto kRr = v1::CHANNEL_POSITION_REAR_RIGHT;
constexpr auto kRc = v1::CHANNEL_POSITION_REAR_CENTER;
constexpr auto kSl = v1::CHANNEL_POSITION_SIDE_LEFT;
constexpr auto kSr = v1::CHANNEL_POSITION_SIDE_RIGHT;

}  // namespace

ChannelPositions AlsaPositions(int channels) {
  switch (channels) {
    case 1:
      return {kMono};
    case 2:
      return {kFl, kFr};
    case 3:
      return {kFl, kFr, kFc};
    case 4:
      return {kFl, kFr, kRl, kRr};
    case 5:
      return {kFl, kFr, kRl, kRr, kFc};
    case 6:
      return {kFl, kFr, kRl, kRr, kFc, kLfe};
    case 7:
      return {kFl, kFr, kSl, kSr, kFc, kLfe, kRc};
    case 8:
      return {kFl, kFr, kRl, kRr, kFc, kLfe, kSl, kSr};
    default:
      return {};
  }
}

ChannelPositions VorbisPositions(int channels) {
  switch (channels) {
    case 1:
      return {kMono};
    case 2:
      return {kFl, kFr};
    case 3:
      return {kFl, kFc, kFr};
    case 4:
      return {kFl, kFr, kRl, kRr};
    case 5:
      return {kFl, kFc, kFr, kRl, kRr};
    case 6:
      return {kFl, kFc, kFr, kRl, kRr, kLfe};
    case 7:
      return {kFl, kFc, kFr, kSl, kSr, kRc, kLfe};
    case 8:
      return {kFl, kFc, kFr, kSl, kSr, kRl, kRr, kLfe};
    default:
      return {};
  }
}

ChannelPositions WavPositions(int channels) {
  switch (channels) {
    case 3:
      return {kFl, kFr, kFc};
    case 4:
      return {kFl, kFr, kRl, kRr};
    case 5:
      return {kFl, kFr, kFc, kRl, kRr};
    case 6:
      return {kFl, kFr, kFc, kLfe, kRl, kRr};
    case 7:
      return {kFl, kFr, kFc, kLfe, kRc, kSl, kSr};
    case 8:
      return {kFl, kFr, kFc, kLfe, kRl, kRr, kSl, kSr};
    default:
      return {};
  }
}

std::optional<std::vector<int>> ChannelOrder(
    absl::Span<const v1::ChannelPosition> from,
    absl::Span<const v1::ChannelPosition> to) {
  if (!std::is_permutation(from.begin(), from.end(), to.begin(), to.end())) {
    return std::nullopt;
  }
  std::vector<int> order;
  for (v1::ChannelPosition position : to) {
    order.push_back(static_cast<int>(
        std::find(from.begin(), from.end(), position) - from.begin()));
  }
  return order;
}

}  // namespace earshot
