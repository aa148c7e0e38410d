#include "flags/command_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

// Not what(), which looks for Boost's placeholders in what was typed, too:
// without end, where they were.
std::string Explain(const po::error_with_option_name& error) {
  return absl::StrReplaceAll(
      error.m_error_template,
      {{"%canonical_option%", error.get_option_name()}, {" ('%value%')", ""}});
}

absl::Status Unknown(const std::string& complaint,
                     const po::options_description& options) {
  const std::string names = absl::StrJoin(
      options.options(), ", ", [](std::string* out, const auto& option) {
        absl::StrAppend(out, "--", option->long_name());
      });
  return absl::InvalidArgumentError(
      absl::StrCat(complaint, ": allowed are ", names));
}

}  // namespace

absl::Status ParseCommandLine(
    const std::vector<std::string>& arguments,
    const po::options_description& options,
    const po::positional_options_description& positional) {
  constexpr int kStyle = po::command_line_style::unix_style &
                         ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(options)
                  .positional(positional)
                  .style(kStyle)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    return Unknown(Explain(error), options);
  } catch (const po::too_many_positional_options_error& error) {
    return Unknown(error.what(), options);
  } catch (const po::error_with_option_name& error) {
    return absl::InvalidArgumentError(Explain(error));
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

absl::Status NotAllowed(absl::string_view flag, absl::string_view value,
                        absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, ": ", allowed));
}

absl::Status CheckWord(absl::string_view flag, absl::string_view value,
                       const std::vector<absl::string_view>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
    return absl::OkStatus();
  }
  const auto all_but_last = absl::MakeSpan(allowed).first(allowed.size() - 1);
  return NotAllowed(flag, value,
                    absl::StrCat("must be ", absl::StrJoin(all_but_last, ", "),
                                 " or ", allowed.back()));
}

}  // namespace earshot
