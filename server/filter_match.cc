#include "server/filter_match.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <limits>
#include <string>

namespace earshot {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Operator = StreamFilter::Operator;
using Term = StreamFilter::Term;
using Value = StreamFilter::Value;

template <typename T>
bool Compare(Operator op, const T& is, const T& wanted) {
  switch (op) {
    case Operator::kEq:
    case Operator::kHas:
      return is == wanted;
    case Operator::kNe:
      return is != wanted;
    case Operator::kLt:
      return is < wanted;
    case Operator::kLe:
      return is <= wanted;
    case Operator::kGt:
      return is > wanted;
    case Operator::kGe:
      return is >= wanted;
  }
  return false;
}

bool CompareText(Operator op, const std::string& is, const Value& value) {
  return op == Operator::kHas ? is.find(value.text) != std::string::npos
                              : Compare(op, is, value.text);
}

bool CompareInteger(Operator op, int64_t is, const Value& value) {
  return value.integer.has_value()
             ? Compare(op, is, *value.integer)
             : Compare(op, static_cast<double>(is), value.number);
}

// One value of a field; `index`: of a list, else -1.
bool ValueMatches(const Term& term, const Message& message, int index) {
  const FieldDescriptor* field = term.path.back();
  const Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return CompareText(
          term.op,
          one ? reflection.GetString(message, field)
              : reflection.GetRepeatedString(message, field, index),
          term.value);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Compare(term.op,
                     one ? reflection.GetBool(message, field)
                         : reflection.GetRepeatedBool(message, field, index),
                     term.value.boolean);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Compare(
          term.op,
          one ? reflection.GetEnumValue(message, field)
              : reflection.GetRepeatedEnumValue(message, field, index),
          term.value.enumerator);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Compare(term.op,
                     one ? reflection.GetDouble(message, field)
                         : reflection.GetRepeatedDouble(message, field, index),
                     term.value.number);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Compare(
          term.op,
          double{one ? reflection.GetFloat(message, field)
                     : reflection.GetRepeatedFloat(message, field, index)},
          term.value.number);
    case FieldDescriptor::CPPTYPE_INT32:
      return CompareInteger(
          term.op,
          one ? reflection.GetInt32(message, field)
              : reflection.GetRepeatedInt32(message, field, index),
          term.value);
    case FieldDescriptor::CPPTYPE_INT64:
      return CompareInteger(
          term.op,
          one ? reflection.GetInt64(message, field)
              : reflection.GetRepeatedInt64(message, field, index),
          term.value);
    case FieldDescriptor::CPPTYPE_UINT32:
      return CompareInteger(
          term.op,
          one ? reflection.GetUInt32(message, field)
              : reflection.GetRepeatedUInt32(message, field, index),
          term.value);
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t is =
          one ? reflection.GetUInt64(message, field)
              : reflection.GetRepeatedUInt64(message, field, index);
      return CompareInteger(term.op,
                            static_cast<int64_t>(std::min<uint64_t>(
                                is, std::numeric_limits<int64_t>::max())),
                            term.value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {  // a time
      const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(
          one ? &reflection.GetMessage(message, field)
              : &reflection.GetRepeatedMessage(message, field, index));
      return time != nullptr &&
             CompareInteger(term.op, ToMicroseconds(*time), term.value);
    }
  }
  return false;
}

bool MapMatches(const Term& term, const Message& message) {
  const FieldDescriptor* field = term.path.back();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field, i);
    const auto* type = entry.GetDescriptor();
    const Reflection& inner = *entry.GetReflection();
    if (inner.GetString(entry, type->map_key()) != *term.key) continue;
    return CompareText(term.op, inner.GetString(entry, type->map_value()),
                       term.value);
  }
  return term.op == Operator::kNe;
}

bool ListMatches(const Term& term, const Message& message) {
  Term wanted = term;
  const bool none = term.op == Operator::kNe;
  if (none) wanted.op = Operator::kEq;
  const int size =
      message.GetReflection()->FieldSize(message, term.path.back());
  for (int i = 0; i < size; ++i) {
    if (ValueMatches(wanted, message, i)) return !none;
  }
  return none;
}

}  // namespace

bool TermMatches(const Term& term, const Message& message) {
  const Message* holder = &message;
  for (size_t i = 0; i + 1 < term.path.size(); ++i) {
    const Reflection& reflection = *holder->GetReflection();
    if (!reflection.HasField(*holder, term.path[i])) {
      return term.op == Operator::kNe;
    }
    holder = &reflection.GetMessage(*holder, term.path[i]);
  }
  const FieldDescriptor* field = term.path.back();
  if (field->is_map()) return MapMatches(term, *holder);
  if (field->is_repeated()) return ListMatches(term, *holder);
  if (field->has_presence() &&
      !holder->GetReflection()->HasField(*holder, field)) {
    return term.op == Operator::kNe;
  }
  return ValueMatches(term, *holder, -1);
}

int64_t ToMicroseconds(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::TimestampToMicroseconds(time);
}

}  // namespace earshot
