#include "client/connection_flags.h"

namespace earshot {

namespace po = boost::program_options;

void ConnectionFlags::AddTo(po::options_description& options,
                            const std::string& default_server) {
  // clang-format off
  options.add_options()
      ("server", po::value(&server_)->value_name("ADDRESS[,ADDRESS...]")
                     ->default_value(default_server),
       "the playback service: host:port or unix:/path; of several, the next "
       "one when one fails or goes away");
  // clang-format on
}

absl::Status ConnectionFlags::Check() { return absl::OkStatus(); }

}  // namespace earshot
