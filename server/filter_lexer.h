#ifndef EARSHOT_SERVER_FILTER_LEXER_H_
#define EARSHOT_SERVER_FILTER_LEXER_H_

#include <cstddef>
#include <string>

namespace earshot {

// Cuts a filter's text into tokens. Thread: none of its own.
class FilterLexer {
 public:
  enum class Kind {
    kEnd,
    kWord,      // letters, digits and _ - + / . (a path or a plain value)
    kText,      // what was in quotation marks
    kOperator,  // = != < <= > >= :
    kBad,       // `text` says what is wrong
  };
  struct Token {
    Kind kind = Kind::kEnd;
    std::string text;
    size_t at = 0;  // where it begins, from 1
  };

  // `text` outlives it.
  explicit FilterLexer(const std::string& text) : text_(text) {}

  Token Next();

 private:
  Token Text(size_t begin);

  const std::string& text_;
  size_t next_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_FILTER_LEXER_H_
