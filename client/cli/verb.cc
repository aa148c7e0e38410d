#include "client/cli/verb.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

constexpr unsigned kHelpWidth = 80;

// The parser would take a negative number for a flag: behind "--" it does not.
std::vector<std::string> WithNumbersLast(std::vector<std::string> arguments) {
  const auto is_negative = [](const std::string& word) {
    double number = 0;
    return word.size() > 1 && word[0] == '-' && absl::SimpleAtod(word, &number);
  };
  const auto numbers = std::stable_partition(
      arguments.begin(), arguments.end(),
      [&](const std::string& word) { return !is_negative(word); });
  if (numbers == arguments.end()) return arguments;
  const bool has_end = std::find(arguments.begin(), numbers, "--") != numbers;
  if (!has_end) arguments.insert(numbers, "--");
  return arguments;
}

po::options_description Flags(Verb& verb, bool& help) {
  po::options_description options("Flags", kHelpWidth, kHelpWidth / 2);
  verb.AddFlags(options);
  options.add_options()("help", po::bool_switch(&help), "this text");
  return options;
}

}  // namespace

const VerbInfo* FindVerb(VerbTable verbs, const std::string& name) {
  const auto it =
      std::find_if(verbs.begin(), verbs.end(),
                   [&](const VerbInfo& info) { return info.name == name; });
  return it != verbs.end() ? &*it : nullptr;
}

std::vector<FlagInfo> FlagsOf(const VerbInfo& info) {
  const std::unique_ptr<Verb> verb = info.make();
  bool help = false;
  const po::options_description options = Flags(*verb, help);
  std::vector<FlagInfo> flags;
  for (const auto& option : options.options()) {
    const auto value = option->semantic();
    flags.push_back({option->long_name(), value->max_tokens() > 0,
                     value->max_tokens() > 0 ? value->name() : ""});
  }
  return flags;
}

std::string UsageOf(const VerbInfo& info) {
  const std::unique_ptr<Verb> verb = info.make();
  bool help = false;
  std::ostringstream text;
  text << "earshot " << info.name << (*info.arguments != '\0' ? " " : "")
       << info.arguments << " [flags]\n"
       << info.text << "\n"
       << Flags(*verb, help);
  return text.str();
}

int RunVerb(const VerbInfo& info, const std::vector<std::string>& arguments) {
  const std::unique_ptr<Verb> verb = info.make();
  bool help = false;
  std::vector<std::string> words;
  po::options_description all = Flags(*verb, help);
  all.add_options()("word", po::value(&words));
  po::positional_options_description positional;
  positional.add("word", -1);
  absl::Status status =
      ParseCommandLine(WithNumbersLast(arguments), all, positional);
  if (status.ok() && help) {
    std::fputs(UsageOf(info).c_str(), stdout);
    return kExitOk;
  }
  if (status.ok()) status = verb->Take(words);
  if (!status.ok()) {
    Complain(absl::StrCat(
        info.name, ": ",
        absl::string_view(status.message().data(), status.message().size())));
    return kExitUsage;
  }
  return verb->Run();
}

absl::Status TakeNothing(const std::vector<std::string>& words) {
  if (words.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", words[0], "\": there is only room for flags here"));
}

void Complain(const std::string& what) {
  std::fprintf(stderr, "earshot: %s\n", what.c_str());
}

}  // namespace earshot
