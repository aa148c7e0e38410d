#include "server/stream_filter.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/filter_lexer.h"
#include "server/filter_match.h"

namespace earshot {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using Kind = FilterLexer::Kind;
using Operator = StreamFilter::Operator;
using Term = StreamFilter::Term;
using Token = FilterLexer::Token;

Refusal Bad(size_t at, const std::string& what) {
  return {Reason::kBadFilter, "filter", absl::StrCat("at ", at, ": ", what)};
}

// What the client wrote, harmless and short.
std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, 64)), "\"");
}

bool IsTime(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type() == google::protobuf::Timestamp::descriptor();
}

std::string FieldsOf(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

bool IsTextMap(const FieldDescriptor& field) {
  const auto is_text = [](const FieldDescriptor* part) {
    return part->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  };
  return field.is_map() && is_text(field.message_type()->map_key()) &&
         is_text(field.message_type()->map_value());
}

// `labels.node`: up to a map field by dots; the rest is the key.
Refusal ReadPath(const Token& token, const Descriptor* type, Term* term) {
  if (token.kind != Kind::kWord) {
    return Bad(token.at, token.kind == Kind::kBad
                             ? token.text
                             : std::string("a field is missing"));
  }
  const std::vector<std::string> names = absl::StrSplit(token.text, '.');
  for (size_t i = 0; i < names.size(); ++i) {
    const FieldDescriptor* field =
        type == nullptr ? nullptr : type->FindFieldByName(names[i]);
    if (field == nullptr) {
      return Bad(token.at,
                 absl::StrCat("there is no field ", Quoted(token.text),
                              type == nullptr ? std::string()
                                              : absl::StrCat("; there are ",
                                                             FieldsOf(*type))));
    }
    term->path.push_back(field);
    const bool inner = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                       !IsTime(*field);
    if (inner && field->is_repeated() && !IsTextMap(*field)) {
      return Bad(token.at,
                 absl::StrCat("what is in the list ", Quoted(names[i]),
                              " cannot be asked for"));
    }
    if (field->is_map()) {
      term->key = absl::StrJoin(names.begin() + static_cast<ptrdiff_t>(i) + 1,
                                names.end(), ".");
      if (term->key->empty()) {
        return Bad(token.at,
                   absl::StrCat(Quoted(names[i]), " needs a key after a dot"));
      }
      return Refusal::None();
    }
    type = inner ? field->message_type() : nullptr;
  }
  if (type == nullptr) return Refusal::None();
  return Bad(token.at,
             absl::StrCat(Quoted(token.text),
                          " is no value; it has the fields ", FieldsOf(*type)));
}

Refusal ReadOperator(const Token& token, const FieldDescriptor& field,
                     Operator* op) {
  static constexpr std::pair<const char*, Operator> kOperators[] = {
      {"=", Operator::kEq},  {"!=", Operator::kNe}, {"<", Operator::kLt},
      {"<=", Operator::kLe}, {">", Operator::kGt},  {">=", Operator::kGe},
      {":", Operator::kHas}};
  const bool text =
      field.is_map() || field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  const bool one = field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL ||
                   field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  for (const auto& [name, known] : kOperators) {
    if (token.kind != Kind::kOperator || token.text != name) continue;
    *op = known;
    if (known == Operator::kEq || known == Operator::kNe) {
      return Refusal::None();
    }
    if (known == Operator::kHas ? text : !text && !one) return Refusal::None();
    break;
  }
  return Bad(token.at, absl::StrCat(field.name(), " can be compared with ",
                                    text  ? "= != :"
                                    : one ? "= !="
                                          : "= != < <= > >="));
}

// PLAYING for STREAM_STATE_PLAYING, too: what all of them begin with may be
// left out.
const EnumValueDescriptor* FindEnum(const FieldDescriptor& field,
                                    const std::string& word) {
  const auto* type = field.enum_type();
  if (const auto* value = type->FindValueByName(word)) return value;
  std::string prefix = type->value(0)->name();
  prefix.resize(prefix.rfind('_') + 1);
  return type->FindValueByName(prefix + word);
}

std::string EnumNames(const FieldDescriptor& field) {
  std::vector<std::string> names;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    names.push_back(field.enum_type()->value(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

Refusal ReadNumber(const Token& token, StreamFilter::Value* value) {
  int64_t integer = 0;
  if (absl::SimpleAtoi(token.text, &integer)) value->integer = integer;
  if (absl::SimpleAtod(token.text, &value->number) &&
      std::isfinite(value->number)) {
    return Refusal::None();
  }
  return Bad(token.at, absl::StrCat(Quoted(token.text), " is no number"));
}

Refusal ReadValue(const Token& token, const FieldDescriptor& field,
                  StreamFilter::Value* value) {
  if (token.kind != Kind::kWord && token.kind != Kind::kText) {
    return Bad(token.at, token.kind == Kind::kBad
                             ? token.text
                             : std::string("a value is missing"));
  }
  value->text = token.text;
  if (field.is_map()) return Refusal::None();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return Refusal::None();
    case FieldDescriptor::CPPTYPE_BOOL:
      value->boolean = token.text == "true";
      if (value->boolean || token.text == "false") return Refusal::None();
      return Bad(token.at, absl::StrCat(Quoted(token.text),
                                        " is neither true nor false"));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* known = FindEnum(field, token.text);
      if (known == nullptr) {
        return Bad(token.at, absl::StrCat(Quoted(token.text), " is none of ",
                                          EnumNames(field)));
      }
      value->enumerator = known->number();
      return Refusal::None();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {  // a time
      google::protobuf::Timestamp time;
      if (!google::protobuf::util::TimeUtil::FromString(token.text, &time)) {
        return Bad(token.at,
                   absl::StrCat(Quoted(token.text),
                                " is no time such as 2026-01-31T12:00:00Z, in "
                                "quotation marks"));
      }
      value->integer = ToMicroseconds(time);
      value->number = static_cast<double>(*value->integer);
      return Refusal::None();
    }
    default:
      return ReadNumber(token, value);
  }
}

}  // namespace

Refusal StreamFilter::Parse(const std::string& text, const Descriptor* type,
                            StreamFilter* filter) {
  filter->terms_.clear();
  if (text.size() > kMaxBytes) {
    return Bad(kMaxBytes + 1,
               absl::StrCat("it has ", text.size(), " bytes; at most ",
                            kMaxBytes, " are taken"));
  }
  FilterLexer lexer(text);
  Token token = lexer.Next();
  if (token.kind == Kind::kEnd) return Refusal::None();
  while (true) {
    if (filter->terms_.size() >= kMaxTerms) {
      return Bad(token.at,
                 absl::StrCat("at most ", kMaxTerms, " terms are taken"));
    }
    Term term;
    Refusal refusal = ReadPath(token, type, &term);
    if (!refusal.ok()) return refusal;
    const FieldDescriptor& field = *term.path.back();
    refusal = ReadOperator(lexer.Next(), field, &term.op);
    if (!refusal.ok()) return refusal;
    refusal = ReadValue(lexer.Next(), field, &term.value);
    if (!refusal.ok()) return refusal;
    filter->terms_.push_back(std::move(term));
    token = lexer.Next();
    if (token.kind == Kind::kEnd) return Refusal::None();
    if (token.kind != Kind::kWord || token.text != "AND") {
      return Bad(token.at, token.kind == Kind::kBad
                               ? token.text
                               : std::string("only AND may follow a term"));
    }
    token = lexer.Next();
  }
}

bool StreamFilter::Matches(const google::protobuf::Message& message) const {
  for (const Term& term : terms_) {
    if (!TermMatches(term, message)) return false;
  }
  return true;
}

}  // namespace earshot
