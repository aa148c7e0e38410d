#ifndef EARSHOT_SERVER_JSON_LOG_H_
#define EARSHOT_SERVER_JSON_LOG_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "spdlog/formatter.h"

namespace earshot {

// What follows "time" and "level" in a JSON log line: the message up to its
// first key=value pair, and the pairs, such as
// "message":"stream opened","stream":"vms/a/streams/0". Values stay strings.
std::string JsonFields(absl::string_view message);

// One JSON object a line.
std::unique_ptr<spdlog::formatter> MakeJsonFormatter();

}  // namespace earshot

#endif  // EARSHOT_SERVER_JSON_LOG_H_
