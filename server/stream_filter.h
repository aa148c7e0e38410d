#ifndef EARSHOT_SERVER_STREAM_FILTER_H_
#define EARSHOT_SERVER_STREAM_FILTER_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/refusal.h"

namespace earshot {

// Which streams ListStreams and WatchStreams show: terms joined by AND, such as
//   state = PLAYING AND labels.node = "n1" AND underrun_causes.outage > 0
// A term is a field, one of = != < <= > >= : and a value: a word, or a text in
// quotation marks, in which \ makes the next character plain. Fields are those
// of the message's descriptor, whatever they are: of messages in it after a
// dot, of a map by its key. `:` asks whether a text holds another one. A list
// is meant if one of it is; what is not set is different from everything.
class StreamFilter {
 public:
  static constexpr size_t kMaxBytes = 1024;
  static constexpr size_t kMaxTerms = 16;

  // BAD_FILTER says where it is wrong, counted from 1, and what is allowed. An
  // empty text matches everything.
  static Refusal Parse(const std::string& text,
                       const google::protobuf::Descriptor* type,
                       StreamFilter* filter);

  // `message` is of the type that was given.
  bool Matches(const google::protobuf::Message& message) const;

  enum class Operator { kEq, kNe, kLt, kLe, kGt, kGe, kHas };

  // The value of a term, as the type of its field has it.
  struct Value {
    std::string text;
    double number = 0;
    std::optional<int64_t> integer;  // exact, if it is one
    bool boolean = false;
    int enumerator = 0;
  };
  struct Term {
    std::vector<const google::protobuf::FieldDescriptor*> path;
    std::optional<std::string> key;  // of a map, which the path ends with
    Operator op = Operator::kEq;
    Value value;
  };

 private:
  std::vector<Term> terms_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_FILTER_H_
