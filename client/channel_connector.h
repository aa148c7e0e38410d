#ifndef EARSHOT_CLIENT_CHANNEL_CONNECTOR_H_
#define EARSHOT_CLIENT_CHANNEL_CONNECTOR_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "client/backoff.h"
#include "client/server_targets.h"

namespace earshot {

// Makes new connections to the targets, one after the other, until one stands:
// so that a call over it can be opened without a wait. It goes on until it is
// told to stop. Thread: the executor's loop.
class ChannelConnector {
 public:
  // Whether a channel stands; it tries to connect if not.
  using Look = std::function<grpc_connectivity_state(grpc::Channel&)>;

  // `targets` outlives it. `on_ready` is called once per Connect(): the
  // targets' channel stands then.
  ChannelConnector(const boost::asio::any_io_executor& executor,
                   ServerTargets& targets, const Backoff::Options& backoff,
                   Look look, std::function<void()> on_ready);
  ~ChannelConnector();

  // Begins with the next target; later attempts are spread by the backoff, and
  // none comes before `least` has passed.
  void Connect(std::chrono::microseconds least = {});
  void Stop();

 private:
  void Try();
  void LookAtIt();
  void After(std::chrono::microseconds time, void (ChannelConnector::*what)());

  ServerTargets& targets_;
  Backoff backoff_;
  const Look look_;
  const std::function<void()> on_ready_;
  boost::asio::steady_timer timer_;
  bool waited_ = false;  // the next attempt is not the first
  std::chrono::steady_clock::time_point give_up_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  int generation_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CHANNEL_CONNECTOR_H_
