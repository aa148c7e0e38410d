#ifndef EARSHOT_SERVER_ACCESS_ACCESS_REPORT_H_
#define EARSHOT_SERVER_ACCESS_ACCESS_REPORT_H_

#include <string>
#include <vector>

#include "server/access/access_control.h"
#include "server/access/access_options.h"

namespace earshot {

// What --check-config says of who may do what, for people.
struct AccessReport {
  std::vector<std::string> lines;
  // What is allowed, and hardly meant: grants that can never fit, and the like.
  std::vector<std::string> warnings;
};

// `certificates` says whether clients may have certificates that count.
AccessReport ReportAccess(const AccessControl& access,
                          const AccessOptions& options, bool certificates);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_ACCESS_REPORT_H_
