#include "deploy/kubevirt/hook/device_probe.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <utility>

namespace earshot {
namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

// The vhost-user header: request VHOST_USER_GET_FEATURES, flags of version 1,
// no payload.
constexpr std::array<uint32_t, 3> kGetFeatures = {1, 1, 0};

absl::Status Outcome(const error_code& error) {
  if (!error) return absl::OkStatus();
  return absl::UnavailableError("the device went away: " + error.message());
}

}  // namespace

std::shared_ptr<DeviceProbe> DeviceProbe::Start(boost::asio::io_context* loop,
                                                const std::string& socket,
                                                Done done) {
  std::shared_ptr<DeviceProbe> probe(new DeviceProbe(loop));
  probe->done_ = std::move(done);
  probe->socket_.async_connect(stream_protocol::endpoint(socket),
                               [probe](error_code error) {
                                 if (error) {
                                   probe->done_(Outcome(error));
                                 } else {
                                   probe->Ask();
                                 }
                               });
  return probe;
}

void DeviceProbe::Ask() {
  error_code error;
  // It fits into the socket's buffer.
  boost::asio::write(socket_, boost::asio::buffer(kGetFeatures), error);
  if (error) return done_(Outcome(error));
  boost::asio::async_read(
      socket_, boost::asio::buffer(answer_),
      [probe = shared_from_this()](error_code read_error, size_t) {
        error_code ignored;
        probe->socket_.close(ignored);
        probe->done_(Outcome(read_error));
      });
}

void DeviceProbe::Cancel() {
  done_ = [](const absl::Status&) {};
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace earshot
