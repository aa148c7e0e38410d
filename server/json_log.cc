#include "server/json_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "spdlog/pattern_formatter.h"

namespace earshot {
namespace {

// The bytes of the UTF-8 character that the text begins with; 0 if it is none
// (RFC 3629, 4).
size_t CharacterLength(absl::string_view text) {
  const auto byte = [text](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  // Overlong forms, surrogates, and what is beyond U+10FFFF.
  const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < least || byte(1) > most) return 0;
  const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const char c = text.front();
    const size_t length = CharacterLength(text);
    if (length == 0) {
      quoted += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, c));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&quoted, absl::StrFormat("\\u%04x", c));
    } else {
      quoted.append(text.data(), length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return quoted + "\"";
}

bool IsKeyCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
}

// The length of the key that the text begins with, if "=" follows it; else 0.
size_t KeyLength(absl::string_view text) {
  const auto* end = std::find_if_not(text.begin(), text.end(), IsKeyCharacter);
  return end != text.end() && *end == '=' ? end - text.begin() : 0;
}

// Takes a value, in quotes or up to a space, off the text.
std::string TakeValue(absl::string_view* text) {
  if (!absl::ConsumePrefix(text, "\"")) {
    const size_t end = std::min(text->find(' '), text->size());
    std::string value(text->substr(0, end));
    text->remove_prefix(end);
    return value;
  }
  std::string value;
  while (!text->empty() && text->front() != '"') {
    if (text->front() == '\\' && text->size() > 1) text->remove_prefix(1);
    value.push_back(text->front());
    text->remove_prefix(1);
  }
  absl::ConsumePrefix(text, "\"");
  return value;
}

class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& dest) override {
    const std::string fields = JsonFields(
        absl::string_view(message.payload.data(), message.payload.size()));
    dest.append(fields.data(), fields.data() + fields.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

}  // namespace

std::string JsonFields(absl::string_view message) {
  size_t start = 0;  // of the first pair
  while (start < message.size() && KeyLength(message.substr(start)) == 0) {
    const size_t space = message.find(' ', start);
    start = space == absl::string_view::npos ? message.size() : space + 1;
  }
  std::string fields = absl::StrCat(
      "\"message\":",
      Quote(absl::StripTrailingAsciiWhitespace(message.substr(0, start))));
  absl::string_view rest = message.substr(start);
  while (const size_t length = KeyLength(rest)) {
    std::string key(rest.substr(0, length));
    // "message" is taken.
    if (key == "message") key = "detail";
    rest.remove_prefix(length + 1);
    absl::StrAppend(&fields, ",", Quote(key), ":", Quote(TakeValue(&rest)));
    absl::ConsumePrefix(&rest, " ");
  }
  return fields;
}

std::unique_ptr<spdlog::formatter> MakeJsonFormatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMessage>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%*})");
  return formatter;
}

}  // namespace earshot
