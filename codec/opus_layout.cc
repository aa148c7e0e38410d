#include "codec/opus_layout.h"

namespace earshot {
namespace {

using P = ChannelPosition;

}  // namespace

OpusLayout OpusLayoutOf(int channels) {
  switch (channels) {
    case 1:
      return {1, 0, {0}, {P::kMono}};
    case 2:
      return {1, 1, {0, 1}, {P::kFrontLeft, P::kFrontRight}};
    case 3:
      return {
          2, 1, {0, 2, 1}, {P::kFrontLeft, P::kFrontCenter, P::kFrontRight}};
    case 4:
      return {2,
              2,
              {0, 1, 2, 3},
              {P::kFrontLeft, P::kFrontRight, P::kRearLeft, P::kRearRight}};
    case 5:
      return {3,
              2,
              {0, 4, 1, 2, 3},
              {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kRearLeft,
               P::kRearRight}};
    case 6:
      return {4,
              2,
              {0, 4, 1, 2, 3, 5},
              {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kRearLeft,
               P::kRearRight, P::kLowFrequency}};
    case 7:
      return {4,
              3,
              {0, 4, 1, 2, 3, 5, 6},
              {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kSideLeft,
               P::kSideRight, P::kRearCenter, P::kLowFrequency}};
    case 8:
      return {5,
              3,
              {0, 6, 1, 2, 3, 4, 5, 7},
              {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kSideLeft,
               P::kSideRight, P::kRearLeft, P::kRearRight, P::kLowFrequency}};
    default:
      return {};
  }
}

}  // namespace earshot
