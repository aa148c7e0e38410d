#ifndef EARSHOT_CLIENT_CLI_VERB_H_
#define EARSHOT_CLIENT_CLI_VERB_H_

#include <boost/program_options.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace earshot {

// Exit codes of every verb.
constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;  // it did not work, or something is wrong
constexpr int kExitUsage = 2;    // the command line makes no sense

// What a verb of the command line does. Made for one run: its flags are read
// into it.
class Verb {
 public:
  virtual ~Verb() = default;
  // Adds its flags; this outlives `options`.
  virtual void AddFlags(
      boost::program_options::options_description& options) = 0;
  // After parsing: checks the flags, and takes the words that are none.
  // INVALID_ARGUMENT says in one line what is allowed.
  virtual absl::Status Take(const std::vector<std::string>& words) = 0;
  // Returns the exit code; says on standard error what went wrong.
  virtual int Run() = 0;
};

// A row of the table of verbs. Everything that knows the verbs (help, the
// completion) reads it from there.
struct VerbInfo {
  const char* name;
  const char* arguments;           // such as "STREAM"
  const char* summary;             // half a line
  std::string text;                // what help says besides the flags
  std::vector<std::string> words;  // that may stand for the argument, if known
  bool takes_files;                // whether it may be a file
  std::unique_ptr<Verb> (*make)();
};

// One flag, for the completion.
struct FlagInfo {
  std::string name;  // without dashes
  bool takes_value;
  std::string value_name;  // such as "FILE"
};

// The verbs that need to know the table.
using VerbTable = absl::Span<const VerbInfo>;
// Null if there is none of that name.
const VerbInfo* FindVerb(VerbTable verbs, const std::string& name);
std::vector<FlagInfo> FlagsOf(const VerbInfo& info);
// What `earshot help VERB` prints.
std::string UsageOf(const VerbInfo& info);

// Parses what follows the verb, and runs it, or prints its help. Returns the
// exit code.
int RunVerb(const VerbInfo& info, const std::vector<std::string>& arguments);

// Allows no word.
absl::Status TakeNothing(const std::vector<std::string>& words);

// Prints "earshot: ..." on standard error.
void Complain(const std::string& what);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_VERB_H_
