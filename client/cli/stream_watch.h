#ifndef EARSHOT_CLIENT_CLI_STREAM_WATCH_H_
#define EARSHOT_CLIENT_CLI_STREAM_WATCH_H_

#include <string>

#include "client/cli/admin_client.h"

namespace earshot {

struct WatchOptions {
  std::string filter;  // empty: none
  int interval_ms = 1000;
  bool json = false;  // a message a line, whatever standard output is
};

// Shows the streams until the process ends: a table that is drawn again and
// again on a terminal, lines elsewhere. A service that was there once is
// waited for when it goes. Returns the exit code.
int WatchStreams(AdminClient& client, const WatchOptions& options);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_WATCH_H_
