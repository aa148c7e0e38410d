#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_PROBE_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_PROBE_H_

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

namespace earshot {

// Asks who listens at a vhost-user socket for its features, as a VMM would
// first, and goes away again: the answer tells that a VMM will have one, too.
// It waits for as long as it takes, even for a process that is yet to start.
// Thread: the loop's.
class DeviceProbe : public std::enable_shared_from_this<DeviceProbe> {
 public:
  using Done = std::function<void(absl::Status)>;

  // `done` is called once, from the loop: UNAVAILABLE if the other side went
  // away instead. Not after Cancel().
  static std::shared_ptr<DeviceProbe> Start(boost::asio::io_context* loop,
                                            const std::string& socket,
                                            Done done);
  void Cancel();

 private:
  explicit DeviceProbe(boost::asio::io_context* loop) : socket_(*loop) {}
  void Ask();

  boost::asio::local::stream_protocol::socket socket_;
  std::array<char, 20> answer_{};  // header and features
  Done done_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_PROBE_H_
