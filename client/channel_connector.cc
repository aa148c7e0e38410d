#include "client/channel_connector.h"

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <random>
#include <utility>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long one connection may take.
constexpr milliseconds kPatience{2500};
// How often it is looked at.
constexpr milliseconds kLook{5};

}  // namespace

ChannelConnector::ChannelConnector(const boost::asio::any_io_executor& executor,
                                   ServerTargets& targets,
                                   const Backoff::Options& backoff, Look look,
                                   std::function<void()> on_ready)
    : targets_(targets),
      backoff_(backoff, std::random_device()()),
      look_(std::move(look)),
      on_ready_(std::move(on_ready)),
      timer_(executor) {}

ChannelConnector::~ChannelConnector() = default;

void ChannelConnector::After(microseconds time,
                             void (ChannelConnector::*what)()) {
  timer_.expires_after(time);
  timer_.async_wait([this, what, generation = generation_,
                     alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired() && generation == generation_) {
      (this->*what)();
    }
  });
}

void ChannelConnector::Connect(microseconds least) {
  ++generation_;
  if (waited_) {
    After(std::max(backoff_.Next(), least), &ChannelConnector::Try);
  } else {
    backoff_.Reset();
    After(std::max(microseconds(0), least), &ChannelConnector::Try);
  }
  waited_ = true;
}

void ChannelConnector::Stop() {
  ++generation_;
  waited_ = false;
  timer_.cancel();
}

void ChannelConnector::Try() {
  targets_.Rotate();
  targets_.Renew();
  give_up_ = steady_clock::now() + kPatience;
  LookAtIt();
}

void ChannelConnector::LookAtIt() {
  const grpc_connectivity_state state = look_(*targets_.channel());
  if (state == GRPC_CHANNEL_READY) {
    on_ready_();
  } else if (state == GRPC_CHANNEL_TRANSIENT_FAILURE ||
             state == GRPC_CHANNEL_SHUTDOWN ||
             steady_clock::now() >= give_up_) {
    Connect();
  } else {
    After(kLook, &ChannelConnector::LookAtIt);
  }
}

}  // namespace earshot
