#ifndef EARSHOT_DEVICE_METRICS_LOOP_READER_H_
#define EARSHOT_DEVICE_METRICS_LOOP_READER_H_

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <optional>

#include "device/metrics/device_figures.h"

namespace earshot {

// Reads what the loop's thread owns: the loop does it itself, between two of
// its own tasks, when somebody asks. So the loop holds no lock, and does
// nothing while nobody asks. Thread: the one that asks, always the same.
class LoopReader {
 public:
  // `read` is called in the loop, for as long as that runs; what it needs
  // outlives the loop's last run.
  LoopReader(boost::asio::io_context* loop,
             std::function<DeviceFigures()> read);

  // Nothing if the loop does not get to it within so long.
  std::optional<DeviceFigures> Read(std::chrono::milliseconds patience);

 private:
  boost::asio::io_context* const loop_;
  const std::function<DeviceFigures()> read_;
  std::future<DeviceFigures> asked_;  // valid: the loop has not answered yet
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_METRICS_LOOP_READER_H_
