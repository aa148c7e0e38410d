#ifndef EARSHOT_SERVER_LIMITS_CONNECTION_TABLE_H_
#define EARSHOT_SERVER_LIMITS_CONNECTION_TABLE_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/limits/peer_address.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// The connections that were handed on to gRPC, which tells nobody when it
// closes one. But the descriptor tells: once it is closed its number stands for
// nothing, or for a socket of another inode, which the system gives to no other
// meanwhile. So it is looked at where it counts: before a connection would be
// refused, and when somebody wants to know how many there are. Thread-safe.
class ConnectionTable {
 public:
  struct Bounds {
    size_t total = 0;  // 0: none
    size_t per_peer = 0;
  };
  enum class [[nodiscard]] Verdict{kTaken, kTooMany, kTooManyOfPeer};

  // Counts the connection, if the bounds allow it. It stays the caller's.
  Verdict Add(int descriptor, const ConnectionPeer& peer, const Bounds& bounds,
              MonotonicTime now);
  // Ends the connection of that endpoint, if it is open: gRPC finds it broken
  // then, and lets go of all that it has of it.
  bool Cut(const std::string& endpoint);
  // How many are open.
  size_t CountOpen();

 private:
  struct Connection {
    ino_t inode;
    std::string peer;
    std::string endpoint;
  };

  Verdict Judge(const ConnectionPeer& peer, const Bounds& bounds) const;
  void Sweep();
  void Remove(const Connection& connection);

  std::mutex connections_mutex_;  // guards everything
  std::unordered_map<int, Connection> connections_;
  std::map<std::string, size_t> of_peer_;
  MonotonicTime swept_{};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_CONNECTION_TABLE_H_
