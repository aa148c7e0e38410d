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
       "one when one fails or goes away; dns:///host:port is all its servers")
      ("tls-ca", po::value(&security_.ca_file)->value_name("FILE"),
       "whom to believe that it is the service: certificates, in PEM format; "
       "without it the system's roots")
      ("tls-cert", po::value(&security_.certificate_file)->value_name("FILE"),
       "the certificate that proves who this is, in PEM format")
      ("tls-key", po::value(&security_.key_file)->value_name("FILE"),
       "its private key")
      ("tls-server-name",
       po::value(&security_.server_name)->value_name("NAME"),
       "the name that the service's certificate has to have, where it is not "
       "that of --server")
      ("token-file", po::value(&security_.token_file)->value_name("FILE"),
       "a bearer token that proves who this is; read anew for each call")
      ("insecure", po::bool_switch(&security_.insecure),
       "talk to other machines in plaintext: TLS is the rule there, and on this "
       "one if a --tls flag is given");
  // clang-format on
}

absl::Status ConnectionFlags::Check() {
  if (security_.certificate_file.empty() != security_.key_file.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert and --tls-key: give both, or neither");
  }
  if (security_.insecure && security_.wants_tls()) {
    return absl::InvalidArgumentError(
        "--insecure is plaintext, and the --tls flags want none of it: give "
        "the one or the others");
  }
  return absl::OkStatus();
}

}  // namespace earshot
