#ifndef EARSHOT_SERVER_TRANSPORT_TRANSPORT_REPORT_H_
#define EARSHOT_SERVER_TRANSPORT_TRANSPORT_REPORT_H_

#include <string>
#include <vector>

#include "server/transport/certificate_files.h"
#include "server/transport/transport_options.h"

namespace earshot {

// What --check-config says of TLS, for people.
struct TransportReport {
  std::vector<std::string> lines;
  // What works, and hardly as meant, or not for long.
  std::vector<std::string> warnings;
  // What keeps clients from connecting.
  std::vector<std::string> errors;
};

// `in_use`, from the files of `options`: they can be read, and the key fits.
// Null without TLS.
TransportReport ReportTransport(const TransportOptions& options,
                                const Certificates* in_use,
                                CertificateFiles::SystemTime now);

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_TRANSPORT_REPORT_H_
