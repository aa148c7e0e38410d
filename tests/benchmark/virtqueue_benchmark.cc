// A TX chain of 20 ms, shaped as Linux shapes it (the header, the period split
// at pages, the status), from the available ring to the used ring.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "device/virtio/driver_ring.h"
#include "device/virtio/fake_ram.h"
#include "device/virtio/virtqueue.h"

namespace earshot {
namespace {

constexpr uint16_t kQueueSize = 64;
constexpr int kChains = 8;  // as many as fit into the ring at once

void PopToUsed(benchmark::State& state) {
  const bool read_payload = state.range(0) != 0;
  FakeRam ram;
  const GuestMemory memory = ram.memory();
  DriverRing driver(&ram, kQueueSize, /*event_idx=*/true);
  FakeChain chain;
  for (const size_t size : {4, 1024, 4096, 4096 - 1024 - 256}) {
    chain.readable.emplace_back(size);
  }
  chain.writable = {8};
  for (int i = 0; i < kChains; ++i) driver.Add(chain);
  auto queue = Virtqueue::Create(&memory, driver.layout(), 0,
                                 /*event_idx=*/true, [] {});
  if (!queue.ok()) {
    state.SkipWithError(queue.status().ToString().c_str());
    return;
  }
  std::vector<uint16_t> heads;
  std::vector<uint8_t> payload(8192);
  const uint8_t status[8] = {};
  int64_t chains = 0;
  for (auto _ : state) {
    for (const uint16_t head : heads) driver.PublishHead(head);
    heads.clear();
    while (true) {
      auto popped = queue->Pop();
      if (!popped.ok() || !popped->has_value()) break;
      DescriptorChain& taken = **popped;
      if (read_payload) taken.Read(4, absl::MakeSpan(payload));
      taken.Write(0, status);
      queue->PushUsed(taken, sizeof(status));
      heads.push_back(taken.head());
      ++chains;
    }
    queue->Notify();
  }
  state.counters["us_per_chain"] = benchmark::Counter(
      static_cast<double>(chains) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(PopToUsed)->ArgName("read")->Arg(0)->Arg(1)->Unit(
    benchmark::kMicrosecond);

}  // namespace
}  // namespace earshot
