#ifndef EARSHOT_DEVICE_VIRTIO_FAKE_DRIVER_H_
#define EARSHOT_DEVICE_VIRTIO_FAKE_DRIVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "device/virtio/fake_guest.h"
#include "device/virtio/inflight_log.h"
#include "device/virtio/virtio_device.h"
#include "device/virtio/virtqueue.h"

namespace earshot {

// A guest with its driver and transport for tests: it drives a VirtioDevice
// directly, in virtual time. The device sees what a transport would do: its
// queues start and stop, buffers come back if they were not used, and its
// timer runs when it asked for it.
//
//   FakeDriver driver(&device);
//   driver.Start();
//   driver.Send(0, {.readable = {request}, .writable = {8}});
//   std::vector<UsedChain> used = driver.Collect(0);
//   driver.Advance(std::chrono::milliseconds(10));
class FakeDriver {
 public:
  // `device` outlives the driver.
  explicit FakeDriver(VirtioDevice* device);
  FakeDriver(VirtioDevice* device, FakeGuest::Options options);
  ~FakeDriver();

  // Resets the device, negotiates `device_features` of those that it offers,
  // and starts every queue, at 0.
  void Start(uint64_t device_features = ~uint64_t{0});
  // The VM pauses: the queues stop, the rings stay; chains that the device
  // has taken and not given back are offered again by Resume().
  void Stop();
  void Resume();
  // One queue alone.
  void StopQueue(int queue);
  void StartQueue(int queue);

  // Makes a chain available without a kick; returns its token.
  uint64_t Add(int queue, const FakeChain& chain);
  // Kicks if the device asked for it (EVENT_IDX or the ring's flag); returns
  // whether it did. It takes no virtual time.
  bool Kick(int queue);
  // Add and Kick.
  uint64_t Send(int queue, const FakeChain& chain);
  // What came back.
  std::vector<UsedChain> Collect(int queue);
  // How often the device notified the driver since the start.
  int notifications(int queue) const { return queues_.at(queue).notifications; }

  // Lets time pass; OnTimer() is called whenever a deadline is reached.
  void Advance(MonotonicTime::duration duration);
  void AdvanceTo(MonotonicTime time);
  MonotonicTime now() const { return now_; }

  FakeGuest& guest() { return guest_; }
  DriverRing& ring(int queue) { return guest_.ring(queue); }
  // The device's side, null while it is stopped.
  Virtqueue* virtqueue(int queue);

 private:
  struct Queue {
    std::vector<uint64_t> log_memory;
    std::optional<InflightLog> log;
    std::optional<Virtqueue> device_side;
    int notifications = 0;
  };

  VirtioDevice* const device_;
  FakeGuest guest_;
  const GuestMemory memory_;
  std::vector<Queue> queues_;
  // Far from 0: a device must not take it for "not set".
  MonotonicTime now_ = MonotonicTime(std::chrono::hours(1));
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_FAKE_DRIVER_H_
