#include "client/cli/completion.h"

#include <cstdio>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace earshot {
namespace {

// What the function does for all verbs; the table of them comes in the middle.
// COMP_WORDS has "--flag=value" as three words, since "=" breaks words.
constexpr char kBegin[] =
    R"(# bash completion of earshot; see earshot help completion.
_earshot() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local verb=${COMP_WORDS[1]} verbs flags values words files
  COMPREPLY=()
)";

constexpr char kEnd[] = R"(
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$verbs help --help --version" -- "$word")
    return
  fi
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $before != --* ]]; then
    before=
  fi
  if [[ $before == --* && " $files " == *" $before "* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames
  elif [[ $before == --* && " $values " == *" $before "* ]]; then
    return
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then
      compopt -o nospace
    fi
  elif [[ $words == FILE ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -F _earshot earshot
)";

std::string VerbCase(const VerbInfo& verb) {
  std::vector<std::string> flags;
  std::vector<std::string> values;
  std::vector<std::string> files;
  for (const FlagInfo& flag : FlagsOf(verb)) {
    const std::string name = absl::StrCat("--", flag.name);
    flags.push_back(absl::StrCat(name, flag.takes_value ? "=" : ""));
    if (!flag.takes_value) continue;
    const bool is_file = absl::StrContains(flag.value_name, "FILE");
    (is_file ? files : values).push_back(name);
  }
  return absl::StrCat(
      "    ", verb.name, ")\n      flags=\"", absl::StrJoin(flags, " "),
      "\"\n      values=\"", absl::StrJoin(values, " "), "\"\n      files=\"",
      absl::StrJoin(files, " "), "\"\n      words=\"",
      verb.takes_files ? "FILE" : absl::StrJoin(verb.words, " "),
      "\"\n      ;;\n");
}

class CompletionVerb : public Verb {
 public:
  explicit CompletionVerb(VerbTable (*verbs)()) : verbs_(verbs) {}

 private:
  void AddFlags(boost::program_options::options_description&) override {}
  absl::Status Take(const std::vector<std::string>& words) override {
    if (words == std::vector<std::string>{"bash"}) return absl::OkStatus();
    return absl::InvalidArgumentError("a shell is needed; allowed is bash");
  }
  int Run() override {
    std::fputs(BashCompletion(verbs_()).c_str(), stdout);
    return kExitOk;
  }

  VerbTable (*const verbs_)();
};

}  // namespace

std::string BashCompletion(VerbTable verbs) {
  const std::string names =
      absl::StrJoin(verbs, " ", [](std::string* out, const VerbInfo& verb) {
        absl::StrAppend(out, verb.name);
      });
  std::string text =
      absl::StrCat(kBegin, "  verbs=\"", names, "\"\n  case $verb in\n");
  for (const VerbInfo& verb : verbs) absl::StrAppend(&text, VerbCase(verb));
  absl::StrAppend(&text, "    help)\n      words=$verbs\n      ;;\n  esac",
                  kEnd);
  return text;
}

std::unique_ptr<Verb> MakeCompletionVerb(VerbTable (*verbs)()) {
  return std::make_unique<CompletionVerb>(verbs);
}

}  // namespace earshot
