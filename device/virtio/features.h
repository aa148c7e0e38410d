#ifndef EARSHOT_DEVICE_VIRTIO_FEATURES_H_
#define EARSHOT_DEVICE_VIRTIO_FEATURES_H_

#include <cstdint>

namespace earshot {

// Feature bits that do not belong to a device type (virtio 6).
constexpr uint64_t kFeatureIndirect = uint64_t{1} << 28;
constexpr uint64_t kFeatureEventIdx = uint64_t{1} << 29;
constexpr uint64_t kFeatureVersion1 = uint64_t{1} << 32;

// Bits 0 to 23 are the device type's own.
constexpr uint64_t kDeviceFeatureMask = 0xffffff;

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_FEATURES_H_
