#include "deploy/kubevirt/hook/hook_flags.h"

#include <sys/un.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

constexpr char kSocket[] = "/var/run/kubevirt-hooks/earshot-hook.sock";

po::options_description Options(HookFlags& flags, std::string& on_failure) {
  po::options_description options("Flags", 100);
  // clang-format off
  options.add_options()
      ("socket", po::value(&flags.socket)->value_name("PATH")
                     ->default_value(kSocket),
       "where virt-launcher calls: the default for a hook sidecar, "
       "/var/run/kubevirt-plugin/PLUGIN/hook.sock for a plugin")
      ("vm", po::value(&flags.vm)->value_name("NAME"),
       "what the VM is called at the service; without it NAMESPACE.NAME")
      ("device", po::value(&flags.device)->value_name("PATH"),
       "the program earshot-device; without it the one beside this program")
      ("on-failure", po::value(&on_failure)->value_name("WHAT")
                         ->default_value("boot"),
       "a hook sidecar's VM that cannot have its card: boot starts it without, "
       "fail does not start it; for a plugin its failureStrategy says that")
      ("log-level", po::value(&flags.log_level)->value_name("LEVEL")
                        ->default_value("info"),
       "debug, info, warn, error or off")
      ("help", po::bool_switch(&flags.help), "this text")
      ("version", po::bool_switch(&flags.version), "the version");
  // clang-format on
  return options;
}

absl::Status NotAllowed(absl::string_view flag, absl::string_view value,
                        absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, ": ", allowed));
}

absl::Status Parse(const std::vector<std::string>& arguments,
                   const po::options_description& options) {
  constexpr int kStyle = po::command_line_style::unix_style &
                         ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(options)
                  .positional({})
                  .style(kStyle)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error_with_option_name& error) {
    // Not what(), which looks for Boost's placeholders in what was typed, too.
    return absl::InvalidArgumentError(
        absl::StrReplaceAll(error.m_error_template,
                            {{"%canonical_option%", error.get_option_name()},
                             {" ('%value%')", ""}}));
  } catch (const po::error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

absl::Status Check(const HookFlags& flags) {
  if (!absl::StartsWith(flags.socket, "/") ||
      flags.socket.find_last_of('/') + 1 == flags.socket.size()) {
    return NotAllowed("socket", flags.socket, "must be /FOLDER/NAME");
  }
  // The longest of them.
  if (PathsOf(flags.socket, "hook-sidecar-0").device_for_qemu.size() >=
      sizeof(sockaddr_un::sun_path)) {
    return NotAllowed("socket", flags.socket,
                      "too long for the sockets in that folder");
  }
  for (const std::string& argument : flags.device_arguments) {
    for (const char* ours : {"--vm", "--socket"}) {
      if (absl::StartsWith(argument, ours)) {
        return absl::InvalidArgumentError(
            absl::StrCat(argument,
                         " behind --: the device's socket and VM are given by "
                         "this program"));
      }
    }
  }
  const std::vector<std::string> levels = {"debug", "info", "warn", "error",
                                           "off"};
  if (std::find(levels.begin(), levels.end(), flags.log_level) ==
      levels.end()) {
    return NotAllowed("log-level", flags.log_level,
                      "must be one of " + absl::StrJoin(levels, ", "));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HookFlags> ParseHookFlags(int argc, const char* const* argv) {
  HookFlags flags;
  std::string on_failure;
  std::vector<std::string> ours(argv + 1, argv + argc);
  const auto end = std::find(ours.begin(), ours.end(), "--");
  if (end != ours.end()) {
    flags.device_arguments.assign(end + 1, ours.end());
    ours.erase(end, ours.end());
  }
  absl::Status status = Parse(ours, Options(flags, on_failure));
  if (!status.ok()) return status;
  if (flags.help || flags.version) return flags;
  if (on_failure != "boot" && on_failure != "fail") {
    return NotAllowed("on-failure", on_failure, "must be boot or fail");
  }
  flags.fail = on_failure == "fail";
  status = Check(flags);
  if (!status.ok()) return status;
  return flags;
}

std::string HookUsage() {
  HookFlags flags;
  std::string on_failure;
  std::ostringstream text;
  text << "earshot-kubevirt-hook [--socket=PATH] … -- [FLAGS OF "
          "earshot-device]\n"
          "Gives a VM of KubeVirt a sound card, and runs its device.\n\n"
       << Options(flags, on_failure);
  return text.str();
}

HookPaths PathsOf(const std::string& socket, const std::string& container) {
  const std::string base = socket.substr(0, socket.find_last_of('/'));
  HookPaths paths;
  paths.folder = base + "/earshot";
  paths.staging = paths.folder + "/hook.sock";
  paths.device = paths.folder + "/device.sock";
  paths.device_for_qemu =
      container.empty()
          ? paths.device
          : absl::StrCat(base, "/", container, "/earshot/device.sock");
  return paths;
}

}  // namespace earshot
