#include "client/cli/json_text.h"

#include <google/protobuf/util/json_util.h>

namespace earshot {

std::string JsonText(const google::protobuf::Message& message,
                     JsonStyle style) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.add_whitespace = style == JsonStyle::kIndented;
  std::string text;
  // It fails for what an Any holds and nobody knows; nothing here has one.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace earshot
