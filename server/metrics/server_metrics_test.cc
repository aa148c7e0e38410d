#include "server/metrics/server_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "server/access/quotas.h"
#include "server/refusal.h"
#include "server/refusal_counts.h"

namespace earshot {
namespace {

using prometheus::MetricType;

class ServerMetricsTest : public testing::Test {
 protected:
  std::shared_ptr<StreamEntry> Open(const std::string& vm) {
    StreamInfo info;
    info.name = "vms/" + vm + "/streams/0";
    info.vm = vm;
    info.id = "0";
    auto entry = std::make_shared<StreamEntry>(info, PlayoutConfig());
    std::shared_ptr<StreamEntry> replaced;
    EXPECT_TRUE(streams_.Add(entry, Quotas(), &replaced).ok());
    return entry;
  }

  // Ten packets of 10 ms, in an epoch of its own, and 96 frames skipped.
  void Play(StreamEntry* entry) {
    const auto attachment = entry->session()->Attach(0, now_);
    ASSERT_TRUE(attachment.has_value());
    const uint64_t call = attachment->call;
    EpochParams params;
    params.epoch = 1;
    params.channels = 1;
    params.codec = MediaCodec::kPcmS16le;
    Session& session = *entry->session();
    ASSERT_TRUE(session.Begin(call, params, now_).ok());
    ASSERT_TRUE(session.AddSkip(call, 0, 96, SkipReason::kOverflow, now_).ok());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(session
                      .AddPacket(call, 96 + i * 480, 480,
                                 std::string(960, '\1'), 0, now_)
                      .ok());
    }
  }

  // Each sample by its name and labels, as the page has it.
  std::map<std::string, double> Samples() {
    const ServerMetrics metrics(
        {&streams_, &ticks_, [this] { return connections_; },
         [this] { return files_; }, [] { return 1000; },
         [this] { return draining_; }, [this] { return overloaded_; }});
    std::map<std::string, double> samples;
    for (const auto& family : metrics.Collect()) {
      EXPECT_FALSE(family.help.empty()) << family.name;
      EXPECT_EQ(family.help.back(), '.') << family.name;
      EXPECT_EQ(family.type == MetricType::Counter,
                family.name.ends_with("_total"))
          << family.name;
      for (const auto& metric : family.metric) {
        std::string key = family.name;
        for (const auto& label : metric.label) key += " " + label.value;
        EXPECT_FALSE(samples.contains(key)) << key;
        samples[key] = family.type == MetricType::Counter ? metric.counter.value
                                                          : metric.gauge.value;
      }
    }
    return samples;
  }

  const MonotonicTime now_ = std::chrono::steady_clock::now();
  StreamRegistry streams_;
  TickLateness ticks_;
  ConnectionCounts connections_;
  std::vector<ConfigFileState> files_;
  bool draining_ = false;
  bool overloaded_ = false;
};

TEST_F(ServerMetricsTest, AServerWithoutStreamsHasAllThatIsItsOwn) {
  auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_server_streams playing"), 0);
  EXPECT_EQ(samples.at("earshot_server_underruns_total network_late"), 0);
  EXPECT_EQ(samples.at("earshot_server_max_streams"), 1000);
  EXPECT_TRUE(samples.contains("earshot_server_refusals_total OVERLOADED"));
  for (const auto& [key, value] : samples) {
    EXPECT_FALSE(key.starts_with("earshot_stream_")) << key;
  }
}

TEST_F(ServerMetricsTest, TellsOfEachStreamThatIsOpen) {
  const auto entry = Open("desktop-1");
  Play(entry.get());
  auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_server_streams priming"), 1);
  EXPECT_EQ(samples.at("earshot_stream_state desktop-1 0 priming"), 1);
  EXPECT_EQ(samples.at("earshot_stream_packets_total desktop-1 0"), 10);
  EXPECT_EQ(samples.at("earshot_stream_payload_bytes_total desktop-1 0"), 9600);
  EXPECT_EQ(samples.at("earshot_stream_epochs_total desktop-1 0"), 1);
  EXPECT_NEAR(samples.at("earshot_stream_queued_seconds desktop-1 0"), 0.1,
              0.001);
}

TEST_F(ServerMetricsTest, TotalsOutliveTheirStreams) {
  const auto entry = Open("desktop-1");
  Play(entry.get());
  const auto before = Samples();
  entry->session()->Abandon();
  streams_.Close(entry, now_);
  streams_.Close(entry, now_);  // it is over once
  Open("desktop-2");
  const auto after = Samples();
  for (const auto& [key, value] : after) {
    EXPECT_EQ(key.find("desktop-1"), std::string::npos) << key;
  }
  EXPECT_EQ(before.at("earshot_server_packets_total"), 10);
  for (const char* name :
       {"earshot_server_packets_total", "earshot_server_payload_bytes_total",
        "earshot_server_epochs_total"}) {
    EXPECT_EQ(after.at(name), before.at(name)) << name;
  }
  EXPECT_EQ(after.at("earshot_server_streams_opened_total"), 2);
}

TEST_F(ServerMetricsTest, AStreamThatWasReplacedCountsInTheTotals) {
  const auto first = Open("desktop-1");
  Play(first.get());
  Open("desktop-1");
  const auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_stream_packets_total desktop-1 0"), 0);
  EXPECT_EQ(samples.at("earshot_server_packets_total"), 10);
}

TEST_F(ServerMetricsTest, TellsOfRefusalsConnectionsFilesAndLoad) {
  const double before =
      Samples().at("earshot_server_refusals_total STREAM_OF_ANOTHER");
  RefusalCounts::OfProcess().Count(Reason::kStreamOfAnother);
  connections_ = {3, 10, 1, 2, 4, 6};
  draining_ = overloaded_ = true;
  const auto epoch = std::chrono::system_clock::time_point();
  files_ = {{"policy", "/p", epoch + std::chrono::seconds(7), ""},
            {"tokens", "/t", epoch, "line 3 is wrong"}};
  const auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_server_refusals_total STREAM_OF_ANOTHER"),
            before + 1);
  EXPECT_EQ(samples.at("earshot_server_connections"), 3);
  EXPECT_EQ(samples.at("earshot_server_connections_accepted_total"), 10);
  EXPECT_EQ(
      samples.at("earshot_server_connections_refused_total too_many_of_peer"),
      2);
  EXPECT_EQ(samples.at("earshot_server_connections_cut_total"), 6);
  EXPECT_EQ(samples.at("earshot_server_draining"), 1);
  EXPECT_EQ(samples.at("earshot_server_overloaded"), 1);
  EXPECT_EQ(samples.at("earshot_server_config_in_use policy"), 1);
  EXPECT_EQ(samples.at("earshot_server_config_in_use tokens"), 0);
  EXPECT_EQ(samples.at("earshot_server_config_load_timestamp_seconds policy"),
            7);
}

}  // namespace
}  // namespace earshot
