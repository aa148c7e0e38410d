#ifndef EARSHOT_SERVER_EARSHOT_SERVER_H_
#define EARSHOT_SERVER_EARSHOT_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "metrics/http_listener.h"
#include "metrics/metrics_endpoint.h"
#include "server/access/access_control.h"
#include "server/admin_service.h"
#include "server/channelz_service.h"
#include "server/limits/connection_gate.h"
#include "server/limits/overload_detector.h"
#include "server/listen/listen_service.h"
#include "server/listen/listeners.h"
#include "server/listen_address.h"
#include "server/playback_service.h"
#include "server/playout_pool.h"
#include "server/recording/record_options.h"
#include "server/recording/recorder.h"
#include "server/stream_registry.h"
#include "server/transport/transport_options.h"
#include "server/transport/transport_security.h"
#include "server/unknown_methods.h"
#include "server/web/web_options.h"
#include "server/web/web_server.h"
#include "sinks/sink_factory.h"

namespace earshot {

// What a server is told when it starts.
struct ServerOptions {
  std::vector<ListenAddress> listen;
  SinkFactory sinks;
  PlayoutConfig playout;
  std::string version;
  // How long a call may wait before it says Open.
  std::chrono::milliseconds open_timeout = std::chrono::seconds(10);
  // How long a stream whose call was lost waits for its client.
  std::chrono::milliseconds resume_timeout = std::chrono::seconds(10);
  // Which files say who may do what.
  AccessOptions access = {};
  // HOST:PORT where Prometheus may ask; empty for nowhere.
  std::string metrics = {};
  // How many descriptors the process may have.
  int descriptors = 1024;
  // How connections are protected.
  TransportOptions transport = {};
  // What is recorded, and where; without a folder nothing.
  RecordOptions record = {};
  // Where browsers are answered; without an address nowhere.
  WebOptions web = {};
  // When it counts as overloaded.
  LoadLimits load = {};
};

// A playback service that listens: all its parts, wired. Besides ours it
// offers health (per service), reflection and channelz.
class EarshotServer {
 public:
  // Listens, or says in one line why it cannot.
  static absl::StatusOr<std::unique_ptr<EarshotServer>> Start(
      ServerOptions options);
  // Ends everything at once, if Drain() did not.
  ~EarshotServer();

  EarshotServer(const EarshotServer&) = delete;
  EarshotServer& operator=(const EarshotServer&) = delete;

  // Where it listens, with the ports that the system chose.
  const std::vector<std::string>& addresses() const { return addresses_; }
  // Where Prometheus may ask; empty for nowhere.
  const std::string& metrics_address() const { return metrics_address_; }

  // Where browsers may ask, and as they write it; empty for nowhere.
  const std::string& web_address() const { return web_address_; }
  std::string web_url() const;

  // Says NOT_SERVING, sends every client elsewhere, and waits until what
  // plays was played, or until the timeout; then ends everything. True if
  // nothing was cut.
  bool Drain(std::chrono::milliseconds timeout);

  // Reads the files of its options again. Any thread.
  void ReloadFiles();

 private:
  EarshotServer(ServerOptions options, std::unique_ptr<AccessControl> access,
                std::unique_ptr<Recorder> recorder);

  absl::Status Listen();
  // How the files stand that are read again.
  std::vector<ConfigFileState> ConfigFiles();
  // Once there is all that the page shows.
  absl::Status OfferWeb(metrics::HttpListener listener);
  // Once there is all that is measured.
  void OfferMetrics(metrics::HttpListener listener);
  // On a play-out thread.
  void OnOverloadChanged();
  // What health says, whoever asks.
  void UpdateHealth();

  const ServerOptions options_;
  std::vector<std::string> addresses_;
  std::vector<std::string> unix_paths_;  // to be removed
  const std::unique_ptr<AccessControl> access_;
  StreamRegistry registry_;
  OverloadDetector overload_;
  const std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
  Listeners listeners_;
  PlayoutPool pool_;
  PlaybackServiceImpl playback_;
  AdminServiceImpl admin_;
  ListenServiceImpl listen_;
  ChannelzService channelz_;
  UnknownMethods unknown_methods_;
  std::unique_ptr<TransportSecurity> transport_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectionGate> gate_;
  std::mutex health_mutex_;  // held while health is told; guards leaving_
  bool leaving_ = false;
  std::string web_address_;
  std::unique_ptr<WebServer> web_;  // null: no browser is answered
  std::string metrics_address_;
  std::unique_ptr<metrics::MetricsEndpoint> metrics_;  // last: asks the others
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_EARSHOT_SERVER_H_
