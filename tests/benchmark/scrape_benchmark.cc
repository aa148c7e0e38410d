// What one scrape of a server's metrics costs, by how many streams it has: all
// of the page, from the sessions to its text.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "metrics/metrics_page.h"
#include "server/metrics/server_metrics.h"
#include "server/stream_registry.h"

namespace earshot {
namespace {

// Each holds a packet, as one that plays does.
void Open(int number, StreamRegistry& streams) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  StreamInfo info;
  info.vm = "desktop-" + std::to_string(number);
  info.id = "0";
  info.principal = "anonymous";  // who may have as many as he wants
  info.name = "vms/" + info.vm + "/streams/0";
  auto entry = std::make_shared<StreamEntry>(info, PlayoutConfig());
  std::shared_ptr<StreamEntry> replaced;
  (void)streams.Add(entry, Quotas(), &replaced);
  const auto attachment = entry->session()->Attach(0, now);
  EpochParams params;
  params.epoch = 1;
  params.channels = 1;
  params.codec = MediaCodec::kPcmS16le;
  (void)entry->session()->Begin(attachment->call, params, now);
  (void)entry->session()->AddPacket(attachment->call, 0, 480,
                                    std::string(960, '\1'), 0, now);
}

void BM_Scrape(benchmark::State& state) {
  StreamRegistry streams;
  for (int i = 0; i < state.range(0); ++i) Open(i, streams);
  if (streams.OpenEntries().size() != static_cast<size_t>(state.range(0))) {
    state.SkipWithError("not all streams were opened");
  }
  const TickLateness ticks;
  ServerMetrics::Sources sources;
  sources.streams = &streams;
  sources.ticks = &ticks;
  sources.connections = [] { return ConnectionCounts(); };
  sources.files = [] { return std::vector<ConfigFileState>(); };
  sources.max_streams = [] { return 1000; };
  sources.draining = sources.overloaded = [] { return false; };
  metrics::MetricsPage page({std::make_shared<ServerMetrics>(sources)});
  metrics::MonotonicTime now{};
  size_t bytes = 0;
  for (auto _ : state) {
    now += metrics::MetricsPage::kYoung;
    bytes = page.Text(now).size();
  }
  state.counters["page_bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Scrape)->Arg(1)->Arg(50)->Arg(500)->Arg(1000)->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace earshot
