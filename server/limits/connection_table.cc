#include "server/limits/connection_table.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace earshot {
namespace {

// Looking at 4096 descriptors takes a millisecond or two: whoever connects in
// vain must not make it all that is done.
constexpr std::chrono::milliseconds kSweepApart{100};

// 0 if it is no socket any more.
ino_t SocketInode(int descriptor) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0 || !S_ISSOCK(info.st_mode)) return 0;
  return info.st_ino;
}

// Also what has come and was not read is gone then, but for a UNIX socket.
bool Disconnect(int descriptor) {
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  return connect(descriptor, &nobody, sizeof(nobody)) == 0 ||
         shutdown(descriptor, SHUT_RDWR) == 0;
}

}  // namespace

ConnectionTable::Verdict ConnectionTable::Add(int descriptor,
                                              const ConnectionPeer& peer,
                                              const Bounds& bounds,
                                              MonotonicTime now) {
  const std::lock_guard lock(connections_mutex_);
  // A number that is given anew: the one before is closed.
  if (const auto before = connections_.find(descriptor);
      before != connections_.end()) {
    Remove(before->second);
    connections_.erase(before);
  }
  Verdict verdict = Judge(peer, bounds);
  if (verdict != Verdict::kTaken && now - swept_ >= kSweepApart) {
    Sweep();
    swept_ = now;
    verdict = Judge(peer, bounds);
  }
  if (verdict != Verdict::kTaken) return verdict;
  connections_[descriptor] = {SocketInode(descriptor), peer.address,
                              peer.endpoint};
  ++of_peer_[peer.address];
  return verdict;
}

bool ConnectionTable::Cut(const std::string& endpoint) {
  const std::lock_guard lock(connections_mutex_);
  for (const auto& [descriptor, connection] : connections_) {
    if (connection.endpoint != endpoint) continue;
    // A descriptor of our own first: what is known of that one stays true.
    const int ours = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (ours < 0) continue;
    const bool cut = SocketInode(ours) == connection.inode && Disconnect(ours);
    close(ours);
    if (cut) return true;
  }
  return false;
}

size_t ConnectionTable::CountOpen() {
  const std::lock_guard lock(connections_mutex_);
  Sweep();
  return connections_.size();
}

ConnectionTable::Verdict ConnectionTable::Judge(const ConnectionPeer& peer,
                                                const Bounds& bounds) const {
  if (!peer.same_machine && bounds.per_peer > 0) {
    const auto count = of_peer_.find(peer.address);
    if (count != of_peer_.end() && count->second >= bounds.per_peer) {
      return Verdict::kTooManyOfPeer;
    }
  }
  if (bounds.total > 0 && connections_.size() >= bounds.total) {
    return Verdict::kTooMany;
  }
  return Verdict::kTaken;
}

void ConnectionTable::Sweep() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (SocketInode(it->first) == it->second.inode) {
      ++it;
    } else {
      Remove(it->second);
      it = connections_.erase(it);
    }
  }
}

void ConnectionTable::Remove(const Connection& connection) {
  const auto count = of_peer_.find(connection.peer);
  if (--count->second == 0) of_peer_.erase(count);
}

}  // namespace earshot
