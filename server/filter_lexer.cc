#include "server/filter_lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace earshot {
namespace {

bool IsWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("_-+/.").find(c) != absl::string_view::npos;
}

}  // namespace

FilterLexer::Token FilterLexer::Next() {
  while (next_ < text_.size() &&
         absl::ascii_isspace(static_cast<unsigned char>(text_[next_]))) {
    ++next_;
  }
  const size_t begin = next_;
  if (begin == text_.size()) return {Kind::kEnd, "", begin + 1};
  if (text_[begin] == '"') return Text(begin);
  while (next_ < text_.size() && IsWord(text_[next_])) ++next_;
  if (next_ > begin) {
    return {Kind::kWord, text_.substr(begin, next_ - begin), begin + 1};
  }
  for (const char* op : {"!=", "<=", ">=", "=", "<", ">", ":"}) {
    if (text_.compare(begin, absl::string_view(op).size(), op) != 0) continue;
    next_ += absl::string_view(op).size();
    return {Kind::kOperator, op, begin + 1};
  }
  return {Kind::kBad,
          absl::StrCat("\"", absl::CHexEscape(text_.substr(begin, 1)),
                       "\" has no meaning outside of quotation marks"),
          begin + 1};
}

FilterLexer::Token FilterLexer::Text(size_t begin) {
  Token token{Kind::kText, "", begin + 1};
  for (next_ = begin + 1; next_ < text_.size(); ++next_) {
    if (text_[next_] == '"') {
      ++next_;
      return token;
    }
    if (text_[next_] == '\\' && ++next_ == text_.size()) break;
    token.text += text_[next_];
  }
  return {Kind::kBad, "the quotation mark is not closed", begin + 1};
}

}  // namespace earshot
