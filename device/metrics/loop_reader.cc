#include "device/metrics/loop_reader.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

namespace earshot {

LoopReader::LoopReader(boost::asio::io_context* loop,
                       std::function<DeviceFigures()> read)
    : loop_(loop), read_(std::move(read)) {}

std::optional<DeviceFigures> LoopReader::Read(
    std::chrono::milliseconds patience) {
  // One question at a time: a loop that hangs finds no heap of them.
  if (!asked_.valid()) {
    auto answer = std::make_shared<std::promise<DeviceFigures>>();
    asked_ = answer->get_future();
    boost::asio::post(*loop_, [answer = std::move(answer), read = read_] {
      answer->set_value(read());
    });
  }
  if (asked_.wait_for(patience) != std::future_status::ready) {
    return std::nullopt;
  }
  return asked_.get();
}

}  // namespace earshot
