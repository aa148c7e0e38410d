#ifndef EARSHOT_SERVER_WEB_WEB_ANSWER_H_
#define EARSHOT_SERVER_WEB_WEB_ANSWER_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/refusal.h"

namespace earshot {

// What is said to a browser.
struct WebAnswer {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  // An asset that the program holds, instead of `body`: not copied.
  std::string_view asset = {};
  std::vector<std::pair<std::string, std::string>> headers = {};

  std::string_view content() const {
    return asset.data() != nullptr ? asset : std::string_view(body);
  }
};

// A refusal as JSON: {"code", "reason", "message"}, with the status of HTTP
// that is nearest to gRPC's. Counted, as one that ends a call is.
WebAnswer ToAnswer(const Refusal& refusal);
// The same for what HTTP has statuses for, and gRPC has none.
WebAnswer ErrorAnswer(int status, const std::string& message);
// In proto3's JSON.
WebAnswer JsonAnswer(const google::protobuf::Message& message);

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_ANSWER_H_
