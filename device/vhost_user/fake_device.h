#ifndef EARSHOT_DEVICE_VHOST_USER_FAKE_DEVICE_H_
#define EARSHOT_DEVICE_VHOST_USER_FAKE_DEVICE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "device/virtio/virtio_device.h"

namespace earshot::vhost_user {

// A device for tests of the transport: sends what it reads from a chain back
// in it, at once or, while `hold` is set, when it is told to.
class FakeDevice : public VirtioDevice {
 public:
  static constexpr int kQueues = 4;
  static constexpr uint64_t kFeatures = 0b1;

  int queue_count() const override { return kQueues; }
  uint64_t device_features() const override { return kFeatures; }
  void SetDriverFeatures(uint64_t features) override {
    driver_features = features;
  }
  // The configuration space: 1, 2, ... 12.
  void ReadConfig(uint32_t offset, absl::Span<uint8_t> out) const override {
    for (size_t i = 0; i < out.size(); ++i) {
      const uint64_t at = uint64_t{offset} + i;
      out[i] = at < 12 ? at + 1 : 0;
    }
  }
  void StartQueue(int index, Virtqueue* queue, MonotonicTime) override {
    queues[index] = queue;
    log.push_back("start " + std::to_string(index));
    Scan(index);
  }
  void StopQueue(int index, MonotonicTime) override {
    queues[index] = nullptr;
    held[index].clear();
    log.push_back("stop " + std::to_string(index));
  }
  void OnKick(int index, MonotonicTime) override {
    ++kicks;
    Scan(index);
  }
  void Reset(MonotonicTime) override { log.push_back("reset"); }
  MonotonicTime NextDeadline(MonotonicTime) const override { return deadline; }
  void OnTimer(MonotonicTime) override {
    ++timers;
    deadline = MonotonicTime::max();
  }

  // Gives back what is held.
  void Complete(int index) {
    for (DescriptorChain& chain : std::exchange(held[index], {})) {
      std::vector<uint8_t> bytes(chain.readable_size());
      chain.Read(0, absl::MakeSpan(bytes));
      queues[index]->PushUsed(chain, chain.Write(0, bytes));
    }
    queues[index]->Notify();
  }
  // Gives back one alone: the `nth` of what is held.
  void CompleteOne(int index, size_t nth) {
    DescriptorChain chain = std::move(held[index].at(nth));
    held[index].erase(held[index].begin() + nth);
    std::vector<uint8_t> bytes(chain.readable_size());
    chain.Read(0, absl::MakeSpan(bytes));
    queues[index]->PushUsed(chain, chain.Write(0, bytes));
    queues[index]->Notify();
  }
  bool Running(int index) const { return queues[index] != nullptr; }
  std::vector<std::string> TakeLog() { return std::exchange(log, {}); }

  bool hold = false;
  uint64_t driver_features = 0;
  int kicks = 0;
  int timers = 0;
  MonotonicTime deadline = MonotonicTime::max();
  Virtqueue* queues[kQueues] = {};
  std::deque<DescriptorChain> held[kQueues];
  std::vector<std::string> log;

 private:
  // Longer chains come from a malicious driver: its whole memory many times.
  static constexpr size_t kMaxBytes = 64 << 10;

  void Scan(int index) {
    Virtqueue* queue = queues[index];
    // As often as an honest driver can fill the ring meanwhile.
    int budget = 4 * queue->size();
    do {
      for (; budget > 0; --budget) {
        auto popped = queue->Pop();
        if (!popped.ok()) continue;
        if (!popped->has_value()) break;
        if ((*popped)->readable_size() > kMaxBytes) {
          queue->PushUsed(**popped, 0);
          continue;
        }
        held[index].push_back(**std::move(popped));
      }
    } while (queue->EnableKicks() && budget > 0);
    if (!hold) Complete(index);
  }
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_FAKE_DEVICE_H_
