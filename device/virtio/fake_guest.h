#ifndef EARSHOT_DEVICE_VIRTIO_FAKE_GUEST_H_
#define EARSHOT_DEVICE_VIRTIO_FAKE_GUEST_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "device/virtio/driver_ring.h"
#include "device/virtio/fake_ram.h"

namespace earshot {

// What a guest has of a virtio device: memory, and the driver's side of the
// rings in it. FakeDriver connects it to a device in this process,
// FakeFrontend to one behind a vhost-user socket. For tests.
class FakeGuest {
 public:
  struct Options {
    int queue_count = 4;
    uint16_t queue_size = 64;
    bool event_idx = true;  // taken if it is offered
    bool indirect = true;   // taken if it is offered
  };

  explicit FakeGuest(const Options& options) : options_(options) {
    for (int i = 0; i < options.queue_count; ++i) {
      rings_.push_back(std::make_unique<DriverRing>(&ram_, options.queue_size,
                                                    options.event_idx));
    }
  }

  const Options& options() const { return options_; }
  FakeRam& ram() { return ram_; }
  int queue_count() const { return options_.queue_count; }
  DriverRing& ring(int index) { return *rings_.at(index); }

  // Every ring begins anew, as when the driver resets the device.
  void ResetRings(bool event_idx) {
    for (auto& ring : rings_) ring->Reset(event_idx);
  }

 private:
  const Options options_;
  FakeRam ram_;
  std::vector<std::unique_ptr<DriverRing>> rings_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_FAKE_GUEST_H_
