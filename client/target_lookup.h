#ifndef EARSHOT_CLIENT_TARGET_LOOKUP_H_
#define EARSHOT_CLIENT_TARGET_LOOKUP_H_

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/server_targets.h"

namespace earshot {

// Looks up the names of ServerTargets, each time anew: gRPC's own way would
// keep what it found for half a minute, and give all clients the same order.
// Nobody waits for it but who knows no address at all. The resolver blocks, so
// each look-up has a thread; it goes on if its owner has ended meanwhile.
// Thread: the executor's loop.
class TargetLookup {
 public:
  // The addresses of "host:port", as host:port; none if there are none, or it
  // could not be found out. Called in any thread.
  using Find = std::function<std::vector<std::string>(const std::string& name)>;
  static std::vector<std::string> FindAddresses(const std::string& name);

  // `targets` outlives it, and learns before `on_done` is told.
  TargetLookup(const boost::asio::any_io_executor& executor,
               ServerTargets& targets, std::function<void()> on_done,
               Find find = FindAddresses);
  ~TargetLookup();

  // Nothing happens without names, or while a look-up is under way.
  void Start();

 private:
  // Names, and what they have.
  using Found = std::vector<std::pair<std::string, std::vector<std::string>>>;
  struct Owner;

  void OnFound(const Found& found);

  ServerTargets& targets_;
  const std::function<void()> on_done_;
  const Find find_;
  const std::shared_ptr<Owner> owner_;
  bool under_way_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_TARGET_LOOKUP_H_
