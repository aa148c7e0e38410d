#ifndef EARSHOT_CLIENT_CLI_STREAM_LISTER_H_
#define EARSHOT_CLIENT_CLI_STREAM_LISTER_H_

#include <string>

#include "client/cli/admin_client.h"

namespace earshot {

// All streams that the filter (empty: none) lets by, page by page.
grpc::Status ListAllStreams(AdminClient& client, const std::string& filter,
                            v1::ListStreamsResponse* all);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_LISTER_H_
