#ifndef EARSHOT_SERVER_LIMITS_CONNECTION_GATE_H_
#define EARSHOT_SERVER_LIMITS_CONNECTION_GATE_H_

#include <grpcpp/server_builder.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/quotas.h"
#include "server/limits/connection_table.h"
#include "server/limits/listening_sockets.h"
#include "server/listen_address.h"

namespace earshot {

// What became of those who connected.
struct ConnectionCounts {
  size_t open = 0;  // now
  uint64_t accepted = 0;
  // Refused: there were as many as there may be in all, or of one address.
  uint64_t too_many = 0;
  uint64_t too_many_of_peer = 0;
  // Times that the system had no descriptor or memory for one.
  uint64_t system_errors = 0;
  // Ended, for their clients began calls without end.
  uint64_t cut = 0;
};

// Accepts the server's connections and hands them on to gRPC, as many as the
// quotas allow: gRPC takes all that come, and stops to listen for good once the
// process has no descriptor left. A connection beyond them is closed at once,
// before it costs anything. Thread: one of its own; its methods may be called
// by any, but for Start() and Stop(), which are the owner's.
class ConnectionGate {
 public:
  // Asked anew for each connection.
  using GetQuotas = std::function<Quotas()>;

  // `most` connections are taken whatever the quotas say.
  ConnectionGate(GetQuotas quotas, int most);
  // Stops.
  ~ConnectionGate();

  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  // Listens. Connections go to `grpc` once the gate is started; they wait until
  // then. The address with its port, or why not.
  absl::StatusOr<std::string> Listen(
      const ListenAddress& address,
      std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc);
  // The gRPC server has started.
  void Start();
  // Before the gRPC server is shut down: nobody connects any more.
  void Stop();

  // Ends the connection of a peer, named as gRPC names it; not that of a UNIX
  // socket, whose peers have no names.
  void Cut(const std::string& peer);

  ConnectionCounts Counts();

 private:
  class Listener;

  // Takes the connection, or closes it.
  void OnConnection(int descriptor,
                    grpc::experimental::ExternalConnectionAcceptor& grpc);
  bool Admit(int descriptor);
  void OnSystemError(int error);

  const GetQuotas quotas_;
  const size_t most_;
  ConnectionTable table_;
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> too_many_{0};
  std::atomic<uint64_t> too_many_of_peer_{0};
  std::atomic<uint64_t> system_errors_{0};
  std::atomic<uint64_t> cut_{0};
  // Of the thread.
  MonotonicTime logged_{};
  MonotonicTime error_logged_{};
  uint64_t not_logged_ = 0;

  std::unique_ptr<boost::asio::io_context> loop_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::thread thread_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_CONNECTION_GATE_H_
