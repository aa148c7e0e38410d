#ifndef EARSHOT_FLAGS_COMMAND_LINE_H_
#define EARSHOT_FLAGS_COMMAND_LINE_H_

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// Parses a command line without guessing at abbreviations: one of today may be
// another flag of tomorrow. INVALID_ARGUMENT says in one line what is wrong,
// and names the flags that there are where that helps.
absl::Status ParseCommandLine(
    const std::vector<std::string>& arguments,
    const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional);

// The error of a value that is not allowed; `allowed` such as "must be 1 to 8".
absl::Status NotAllowed(absl::string_view flag, absl::string_view value,
                        absl::string_view allowed);

// That error, unless `value` is one of the words `allowed`.
absl::Status CheckWord(absl::string_view flag, absl::string_view value,
                       const std::vector<absl::string_view>& allowed);

}  // namespace earshot

#endif  // EARSHOT_FLAGS_COMMAND_LINE_H_
