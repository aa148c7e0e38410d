#ifndef EARSHOT_DEVICE_LIMITED_LOG_SINK_H_
#define EARSHOT_DEVICE_LIMITED_LOG_SINK_H_

#include <spdlog/sinks/sink.h>

#include <cstdint>
#include <memory>

namespace earshot {

// A spdlog sink that passes on what a person can read: a burst, and then a few
// lines a second. Much of what is logged is what a guest, a VMM or a server has
// brought about, and none of them is to fill a disk. What was left out is
// counted, and told in a line of its own.
//
// It goes by the times of the messages. Thread: one, the device's loop.
class LimitedLogSink final : public spdlog::sinks::sink {
 public:
  static constexpr int kBurst = 200;          // lines
  static constexpr int kLinesPerSecond = 10;  // in the long run

  explicit LimitedLogSink(spdlog::sink_ptr sink);

  void log(const spdlog::details::log_msg& message) override;
  void flush() override;
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

 private:
  const spdlog::sink_ptr sink_;
  double lines_ = kBurst;  // that may be written now
  spdlog::log_clock::time_point last_;
  int64_t suppressed_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_LIMITED_LOG_SINK_H_
