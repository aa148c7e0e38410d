#include "deploy/kubevirt/hook/hook_flags.h"

#include <sys/un.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flags/command_line.h"

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
       "fail does not start it; for a plugin its failureStrategy says that");
  // clang-format on
  flags.program.AddTo(options);
  return options;
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
  return flags.program.Check();
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
  absl::Status status = ParseCommandLine(ours, Options(flags, on_failure), {});
  if (!status.ok()) return status;
  if (flags.program.help || flags.program.version) return flags;
  status = CheckWord("on-failure", on_failure, {"boot", "fail"});
  if (!status.ok()) return status;
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
