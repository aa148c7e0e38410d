#ifndef EARSHOT_CLIENT_CLI_JSON_TEXT_H_
#define EARSHOT_CLIENT_CLI_JSON_TEXT_H_

#include <google/protobuf/message.h>

#include <string>

namespace earshot {

// A message in Protobuf's JSON, with every field that is no message, also where
// it is 0. On one line, or for a person to read.
enum class JsonStyle { kOneLine, kIndented };
std::string JsonText(const google::protobuf::Message& message, JsonStyle style);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_JSON_TEXT_H_
