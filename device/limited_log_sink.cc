#include "device/limited_log_sink.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace earshot {

LimitedLogSink::LimitedLogSink(spdlog::sink_ptr sink)
    : sink_(std::move(sink)) {}

void LimitedLogSink::log(const spdlog::details::log_msg& message) {
  // The wall clock may be set back.
  const std::chrono::duration<double> elapsed = message.time - last_;
  last_ = message.time;
  lines_ = std::min<double>(
      kBurst, lines_ + std::max(0.0, elapsed.count()) * kLinesPerSecond);
  if (lines_ < 1) {
    ++suppressed_;
    return;
  }
  lines_ -= 1;
  if (const int64_t suppressed = std::exchange(suppressed_, 0);
      suppressed > 0) {
    const std::string text =
        "too many lines suppressed=" + std::to_string(suppressed);
    sink_->log(spdlog::details::log_msg(message.time, spdlog::source_loc(),
                                        message.logger_name,
                                        spdlog::level::warn, text));
  }
  sink_->log(message);
}

void LimitedLogSink::flush() { sink_->flush(); }

void LimitedLogSink::set_pattern(const std::string& pattern) {
  sink_->set_pattern(pattern);
}

void LimitedLogSink::set_formatter(
    std::unique_ptr<spdlog::formatter> formatter) {
  sink_->set_formatter(std::move(formatter));
}

}  // namespace earshot
