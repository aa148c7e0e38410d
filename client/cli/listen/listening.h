#ifndef EARSHOT_CLIENT_CLI_LISTEN_LISTENING_H_
#define EARSHOT_CLIENT_CLI_LISTEN_LISTENING_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "client/backoff.h"
#include "client/cli/admin_client.h"
#include "client/cli/listen/listen_call.h"
#include "client/cli/listen/listen_events.h"
#include "client/cli/listen/listen_report.h"

namespace earshot {

struct ListeningOptions {
  std::string name;  // vms/{vm}/streams/{id}
  // It ends when the call does; else it comes back to a service that has gone.
  bool once = false;
  // It comes back to a stream that was closed, too.
  bool wait_for_stream = true;
  // What came of it goes to standard output, too, as JSON.
  bool json = false;
};

// Hears a stream, until it is over or the user stops it: the loop behind
// `earshot listen`. Thread: the one that calls Run().
class Listening {
 public:
  // Both outlive it.
  Listening(const ListeningOptions& options, AdminClient* client,
            ListenOutput* output);

  // Returns the exit code.
  int Run();

 private:
  void WaitForSignal();
  void Dial();
  void DialLater();
  void Tick();
  void ShowLine();
  void ClearLine();
  void OnResponse(const v1::ListenResponse& response, MonotonicTime now);
  void OnEnd(const grpc::Status& status, bool reached);
  bool MayComeBack(const grpc::Status& status) const;
  void Check(const absl::Status& status);
  void Finish(int code);
  ListenReport Report() const;

  const ListeningOptions options_;
  AdminClient* const client_;
  ListenOutput* const output_;
  const bool on_terminal_;
  boost::asio::io_context loop_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer dial_timer_;
  Backoff backoff_;
  ListenEvents events_;
  std::unique_ptr<ListenCall> call_;

  bool heard_ = false;    // once
  bool stopped_ = false;  // by the user
  bool over_ = false;
  int exit_code_ = 1;
  int reconnects_ = 0;
  std::string trouble_;  // why nothing is heard now
  std::optional<MonotonicTime> away_since_;
  MonotonicTime next_line_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_LISTENING_H_
