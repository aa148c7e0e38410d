#ifndef EARSHOT_CLIENT_CLI_DOCTOR_DIAGNOSIS_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_DIAGNOSIS_H_

#include <string>
#include <vector>

#include "client/cli/doctor/finding.h"

namespace earshot {

// All that was found, and what follows from it.
class Diagnosis {
 public:
  void Add(Finding finding) { findings_.push_back(std::move(finding)); }

  // Nothing is bad.
  bool healthy() const;
  // "All is well", or what is wrong and what to do, for a person.
  std::string Conclusion() const;
  // All of it as JSON, for a program.
  std::string Json() const;

 private:
  std::vector<Finding> findings_;
};

// A finding as a line: a tick or a word, the check, what was found.
std::string FindingLine(const Finding& finding, bool colors);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_DIAGNOSIS_H_
