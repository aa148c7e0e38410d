#include "device/metrics/device_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <map>
#include <string>
#include <thread>

namespace earshot {
namespace {

using prometheus::MetricType;

// A loop that runs, and what it finds when it is asked.
class DeviceMetricsTest : public testing::Test {
 protected:
  DeviceMetricsTest() : work_(boost::asio::make_work_guard(loop_)) {
    figures_.streams.resize(2);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~DeviceMetricsTest() override {
    work_.reset();
    thread_.join();
  }

  // Each sample by its name and labels.
  std::map<std::string, double> Samples() {
    std::map<std::string, double> samples;
    for (const auto& family : metrics_.Collect()) {
      EXPECT_FALSE(family.help.empty()) << family.name;
      EXPECT_EQ(family.type == MetricType::Counter,
                family.name.ends_with("_total"))
          << family.name;
      for (const auto& metric : family.metric) {
        std::string key = family.name;
        for (const auto& label : metric.label) key += " " + label.value;
        samples[key] = family.type == MetricType::Counter ? metric.counter.value
                                                          : metric.gauge.value;
      }
    }
    return samples;
  }

  DeviceFigures figures_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_;
  std::thread thread_;
  DeviceMetrics metrics_{"desktop-1", &loop_, [this] { return figures_; }, {}};
};

TEST_F(DeviceMetricsTest, TellsOfEachStreamAndTheVmm) {
  figures_.vmm_connected = true;
  figures_.vmm.connections = 3;
  figures_.sound.tx_refused = 4;
  figures_.jacks = {true, false};
  StreamFigures& stream = figures_.streams[1];
  stream.state = PcmStream::State::kRunning;
  stream.player.connected = true;
  stream.player.rate_hz = 48000;
  stream.player.produced = 480;
  stream.player.granted = 960;
  stream.player.round_trip = std::chrono::milliseconds(3);
  stream.player.target_margin_us = 10000;
  stream.player.margin_error_us = -2000;
  stream.total.produced = 1000;
  stream.total.passed = 900;
  stream.total.skipped = 100;
  stream.total.lost = 50;
  stream.delay_seconds = 0.05;
  const auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_device_loop_responds"), 1);
  EXPECT_EQ(samples.at("earshot_device_vmm_connected"), 1);
  EXPECT_EQ(samples.at("earshot_device_vmm_sessions_total"), 3);
  EXPECT_EQ(samples.at("earshot_device_guest_errors_total tx"), 4);
  const std::map<std::string, double> wanted = {{"connected", 1},
                                                {"guest_running", 1},
                                                {"free_run", 0},
                                                {"produced_frames_total", 1000},
                                                {"played_frames_total", 750},
                                                {"skipped_frames_total", 100},
                                                {"lost_frames_total", 50},
                                                {"lead_frames", 480},
                                                {"round_trip_seconds", 0.003},
                                                {"target_margin_seconds", 0.01},
                                                {"margin_seconds", 0.008},
                                                {"delay_seconds", 0.05},
                                                {"jack_connected", 0}};
  for (const auto& [name, value] : wanted) {
    EXPECT_DOUBLE_EQ(
        samples.at("earshot_device_stream_" + name + " desktop-1 1"), value)
        << name;
  }
  EXPECT_EQ(samples.at("earshot_device_stream_jack_connected desktop-1 0"), 1);
}

TEST_F(DeviceMetricsTest, WhatIsNotKnownIsNotTold) {
  const auto samples = Samples();
  EXPECT_EQ(samples.at("earshot_device_stream_connected desktop-1 0"), 0);
  for (const char* name :
       {"lead_frames", "round_trip_seconds", "target_margin_seconds",
        "margin_seconds", "delay_seconds", "jack_connected"}) {
    EXPECT_FALSE(samples.contains(std::string("earshot_device_stream_") + name +
                                  " desktop-1 0"))
        << name;
  }
}

TEST_F(DeviceMetricsTest, WhatWasPlayedIsNotTakenBack) {
  const std::string played =
      "earshot_device_stream_played_frames_total desktop-1 0";
  figures_.streams[0].total.passed = 900;
  EXPECT_EQ(Samples().at(played), 900);
  figures_.streams[0].total.skipped = 100;  // the service has not passed them
  EXPECT_EQ(Samples().at(played), 900);
  figures_.streams[0].total.passed = 1100;
  EXPECT_EQ(Samples().at(played), 1000);
}

TEST(DeviceMetricsOfALoopThatHangs, SayThatItHangs) {
  boost::asio::io_context loop(1);  // that nobody runs
  const DeviceMetrics metrics("desktop-1", &loop,
                              [] { return DeviceFigures(); }, {});
  for (const auto& family : metrics.Collect()) {
    if (family.metric.empty()) continue;
    EXPECT_EQ(family.name, "earshot_device_loop_responds");
    EXPECT_EQ(family.metric.front().gauge.value, 0);
  }
}

}  // namespace
}  // namespace earshot
