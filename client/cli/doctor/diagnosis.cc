#include "client/cli/doctor/diagnosis.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/json_text.h"
#include "client/cli/terminal.h"

namespace earshot {
namespace {

struct VerdictText {
  const char* word;
  const char* mark;
  const char* name;  // in JSON
};

VerdictText TextOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return {"ok  ", "\033[32m\u2714\033[0m", "good"};
    case Verdict::kWarning:
      return {"WARN", "\033[33m!\033[0m", "warning"};
    case Verdict::kBad:
      return {"FAIL", "\033[31m\u2718\033[0m", "bad"};
  }
  return {"?", "?", "?"};
}

void Append(const std::vector<Finding>& findings, Verdict verdict,
            const char* title, std::string* text) {
  for (const Finding& finding : findings) {
    if (finding.verdict != verdict) continue;
    absl::StrAppend(text, title, Printable(finding.check), ": ",
                    Printable(finding.found), "\n");
    if (!finding.advice.empty()) {
      absl::StrAppend(text, "What to do: ", Printable(finding.advice), "\n");
    }
  }
}

}  // namespace

bool Diagnosis::healthy() const {
  return std::none_of(
      findings_.begin(), findings_.end(),
      [](const Finding& finding) { return finding.verdict == Verdict::kBad; });
}

std::string Diagnosis::Conclusion() const {
  std::string text;
  Append(findings_, Verdict::kBad, "What is wrong: ", &text);
  Append(findings_, Verdict::kWarning, "Not as it should be: ", &text);
  return text.empty() ? "All is well.\n" : text;
}

std::string Diagnosis::Json() const {
  google::protobuf::Struct all;
  auto& fields = *all.mutable_fields();
  fields["healthy"].set_bool_value(healthy());
  auto& list = *fields["findings"].mutable_list_value();
  for (const Finding& finding : findings_) {
    auto& one = *list.add_values()->mutable_struct_value()->mutable_fields();
    one["check"].set_string_value(finding.check);
    one["verdict"].set_string_value(TextOf(finding.verdict).name);
    // JSON is UTF-8, whatever a server said.
    one["found"].set_string_value(Printable(finding.found));
    one["advice"].set_string_value(Printable(finding.advice));
    *one["facts"].mutable_struct_value() = finding.facts;
  }
  return JsonText(all, JsonStyle::kIndented);
}

std::string FindingLine(const Finding& finding, bool colors) {
  const VerdictText text = TextOf(finding.verdict);
  return absl::StrFormat("  %s  %-11s %s", colors ? text.mark : text.word,
                         finding.check, Printable(finding.found));
}

}  // namespace earshot
