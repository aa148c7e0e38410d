#include "server/access/policy_parser.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/earshot/v1/policy.pb.h"
#include "server/access/pattern.h"

namespace earshot {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

constexpr int kMaxDepth = 8;  // the policy's own is 2
// A call compares with each principal that has a "*".
constexpr int kMaxStars = 1000;

absl::Status ErrorAt(int line, int column, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(line + 1, ":", column + 1, ": ", message));
}

std::string FieldsOf(const Descriptor* type) {
  std::string names;
  for (int i = 0; i < type->field_count(); ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", type->field(i)->name());
  }
  return names;
}

// What the parser does not say: which fields there are.
std::string AllowedIn(absl::string_view message) {
  if (!absl::StrContains(message, "has no field named")) return "";
  const Descriptor* const policy = v1::Policy::descriptor();
  for (const Descriptor* type :
       {v1::Grant::descriptor(), v1::Quotas::descriptor(), policy}) {
    if (absl::StrContains(message,
                          absl::StrCat("\"", type->full_name(), "\""))) {
      return absl::StrCat("; allowed are ", FieldsOf(type));
    }
  }
  return "";
}

// Keeps the first error: what follows it often comes from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!status_.ok()) return;
    status_ = ErrorAt(std::max(line, 0), std::max<int>(column, 0),
                      absl::StrCat(message, AllowedIn(message)));
  }

  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

// One message of the file, and where its fields stand in it.
class Place {
 public:
  Place(const Descriptor* type, TextFormat::ParseInfoTree* tree)
      : type_(type), tree_(tree) {}

  // `index` is -1 for a field that is not repeated.
  absl::Status Error(const char* field, int index,
                     absl::string_view message) const {
    const TextFormat::ParseLocation at = Find(field, index);
    return ErrorAt(at.line, at.column, absl::StrCat(field, ": ", message));
  }

  int Line(const char* field, int index) const {
    return Find(field, index).line + 1;
  }

  Place Nested(const char* field, int index) const {
    const FieldDescriptor* const descriptor = type_->FindFieldByName(field);
    return Place(descriptor->message_type(),
                 tree_ == nullptr ? nullptr
                                  : tree_->GetTreeForNested(descriptor, index));
  }

 private:
  TextFormat::ParseLocation Find(const char* field, int index) const {
    const FieldDescriptor* const descriptor = type_->FindFieldByName(field);
    // Of a list in brackets the parser may know only where it begins.
    for (int i = index; tree_ != nullptr && i >= -1; --i) {
      if (i == -1 && descriptor->is_repeated()) break;
      const TextFormat::ParseLocation at = tree_->GetLocation(descriptor, i);
      if (at.line >= 0) return at;
    }
    return {0, 0};
  }

  const Descriptor* type_;
  TextFormat::ParseInfoTree* tree_;
};

absl::Status CheckGrant(const v1::Grant& grant, const Place& place,
                        int* stars) {
  bool all_star = true;
  for (int i = 0; i < grant.principal_size(); ++i) {
    const absl::Status status = CheckPrincipal(grant.principal(i));
    if (!status.ok()) return place.Error("principal", i, status.message());
    const bool star = Pattern(grant.principal(i)).has_star();
    all_star = all_star && star;
    if (star && ++*stars > kMaxStars) {
      return place.Error("principal", i,
                         absl::StrCat("is one too many with a \"*\"; at most ",
                                      kMaxStars, " may have one"));
    }
  }
  for (const char* field : {"player", "listener"}) {
    const auto& vms = absl::string_view(field) == "player" ? grant.player()
                                                           : grant.listener();
    for (int i = 0; i < vms.size(); ++i) {
      const absl::Status status = CheckVms(vms[i]);
      if (!status.ok()) return place.Error(field, i, status.message());
      if (UsesCaptured(vms[i]) && !all_star) {
        return place.Error(field, i,
                           absl::StrCat("\"", vms[i],
                                        "\" stands for the text of a \"*\": "
                                        "each principal of the grant has to "
                                        "have one"));
      }
    }
  }
  return absl::OkStatus();
}

PolicyGrant ToGrant(const v1::Grant& grant, int line) {
  return {line,
          {grant.principal().begin(), grant.principal().end()},
          {grant.player().begin(), grant.player().end()},
          {grant.listener().begin(), grant.listener().end()},
          grant.operator_()};
}

// Takes a quota if the file has it.
template <typename Value>
absl::Status Take(bool set, Value value, const char* field, const Place& place,
                  Value* quota) {
  if (!set) return absl::OkStatus();
  if (value < 0) {
    return place.Error(field, -1,
                       absl::StrCat(value,
                                    " is negative; allowed are 0, which "
                                    "bounds nothing, and more"));
  }
  *quota = value;
  return absl::OkStatus();
}

absl::StatusOr<Quotas> TakeQuotas(const v1::Quotas& proto, const Place& place) {
  Quotas quotas;
  const int most = quotas.max_streams;
  absl::Status status;
  for (const absl::Status& taken : {
           Take(proto.has_max_streams(), proto.max_streams(), "max_streams",
                place, &quotas.max_streams),
           Take(proto.has_max_streams_per_principal(),
                proto.max_streams_per_principal(), "max_streams_per_principal",
                place, &quotas.max_streams_per_principal),
           Take(proto.has_max_opens_per_second(), proto.max_opens_per_second(),
                "max_opens_per_second", place, &quotas.max_opens_per_second),
           Take(proto.has_max_messages_per_second(),
                proto.max_messages_per_second(), "max_messages_per_second",
                place, &quotas.max_messages_per_second),
           Take(proto.has_max_bytes_per_second(), proto.max_bytes_per_second(),
                "max_bytes_per_second", place, &quotas.max_bytes_per_second),
           Take(proto.has_max_connections(), proto.max_connections(),
                "max_connections", place, &quotas.max_connections),
           Take(proto.has_max_connections_per_peer(),
                proto.max_connections_per_peer(), "max_connections_per_peer",
                place, &quotas.max_connections_per_peer),
       }) {
    status.Update(taken);
  }
  if (!status.ok()) return status;
  if (quotas.max_streams > most) {
    return place.Error(
        "max_streams", -1,
        absl::StrCat(quotas.max_streams, " is too many; at most ", most));
  }
  if (quotas.max_streams == 0) quotas.max_streams = most;
  return quotas;
}

}  // namespace

absl::StatusOr<ParsedPolicy> ParsePolicy(const std::string& text) {
  FirstError errors;
  TextFormat::ParseInfoTree tree;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&tree);
  parser.SetRecursionLimit(kMaxDepth);
  v1::Policy proto;
  if (!parser.ParseFromString(text, &proto)) {
    return errors.status().ok() ? ErrorAt(0, 0, "it is no policy")
                                : errors.status();
  }
  if (proto.grant_size() == 0) {
    return ErrorAt(0, 0,
                   "it grants nothing to anybody; expected is at least one "
                   "grant { principal: \"…\" player: \"…\" }");
  }
  const Place place(v1::Policy::descriptor(), &tree);
  ParsedPolicy policy;
  int stars = 0;
  for (int i = 0; i < proto.grant_size(); ++i) {
    const v1::Grant& grant = proto.grant(i);
    if (grant.principal().empty()) {
      return place.Error("grant", i, "it says no principal; at least one");
    }
    if (grant.player().empty() && grant.listener().empty() &&
        !grant.operator_()) {
      return place.Error("grant", i,
                         "it gives no role; allowed are player, listener and "
                         "operator: true");
    }
    const absl::Status status =
        CheckGrant(grant, place.Nested("grant", i), &stars);
    if (!status.ok()) return status;
    policy.grants.push_back(ToGrant(grant, place.Line("grant", i)));
  }
  if (!proto.has_quotas()) return policy;
  absl::StatusOr<Quotas> quotas =
      TakeQuotas(proto.quotas(), place.Nested("quotas", -1));
  if (!quotas.ok()) return quotas.status();
  policy.quotas = *quotas;
  return policy;
}

}  // namespace earshot
