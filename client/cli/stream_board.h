#ifndef EARSHOT_CLIENT_CLI_STREAM_BOARD_H_
#define EARSHOT_CLIENT_CLI_STREAM_BOARD_H_

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// The streams that a watcher was told of, as they stand. The service does not
// say when it has forgotten one, so it goes when nothing was heard of it for
// long. Passive.
class StreamBoard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Of streams that are open something is heard every `interval`.
  explicit StreamBoard(std::chrono::milliseconds interval)
      : interval_(interval) {}

  void Take(const v1::Stream& stream, Time now);
  // By name.
  std::vector<v1::Stream> Streams(Time now);

 private:
  struct Known {
    v1::Stream stream;
    Time heard;
  };
  std::chrono::milliseconds interval_;
  std::map<std::string, Known> known_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_BOARD_H_
