#ifndef EARSHOT_CLIENT_CLI_DOCTOR_FINDING_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_FINDING_H_

#include <google/protobuf/struct.pb.h>

#include <functional>
#include <string>
#include <utility>

namespace earshot {

// How a check went.
enum class Verdict {
  kGood,
  kWarning,  // it works, but not well, or not for long
  kBad,      // it does not work
};

// What one check of the doctor has found.
struct Finding {
  std::string check;  // its name, one word or two
  Verdict verdict = Verdict::kGood;
  std::string found;   // one line
  std::string advice;  // what to do; empty if all is well
  // The figures behind it, for programs.
  google::protobuf::Struct facts = {};
};

// Takes what is found, as soon as it is.
using Report = std::function<void(Finding)>;

inline void SetFact(Finding& finding, const std::string& name, double value) {
  (*finding.facts.mutable_fields())[name].set_number_value(value);
}
inline void SetFact(Finding& finding, const std::string& name,
                    const std::string& value) {
  (*finding.facts.mutable_fields())[name].set_string_value(value);
}
inline void SetFact(Finding& finding, const std::string& name,
                    const char* value) {
  SetFact(finding, name, std::string(value));
}
inline void AddToFact(Finding& finding, const std::string& name,
                      const std::string& value) {
  (*finding.facts.mutable_fields())[name]
      .mutable_list_value()
      ->add_values()
      ->set_string_value(value);
}

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_FINDING_H_
