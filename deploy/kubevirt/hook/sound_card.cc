#include "deploy/kubevirt/hook/sound_card.h"

#include <algorithm>
#include <pugixml.hpp>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "deploy/kubevirt/hook/xml_text.h"

namespace earshot {
namespace {

constexpr char kQemuNamespace[] = "http://libvirt.org/schemas/domain/qemu/1.0";

// An option of QEMU and its value.
using Argument = std::pair<std::string, std::string>;

absl::Status Against(absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("no sound card for this domain: ", what));
}

bool IsOther(pugi::xml_attribute attribute, const char* wanted) {
  return attribute && std::string(attribute.value()) != wanted;
}

absl::Status CheckMemory(pugi::xml_node root) {
  const pugi::xml_node backing = root.child("memoryBacking");
  if (IsOther(backing.child("access").attribute("mode"), "shared")) {
    return Against("its memoryBacking wants access that is not shared");
  }
  const std::string source = backing.child("source").attribute("type").value();
  if (!source.empty() && source != "memfd" && source != "file") {
    return Against(absl::StrCat("its memory's source is ", source,
                                ", which no other process can map; it takes "
                                "memfd or file"));
  }
  for (const pugi::xml_node cell :
       root.child("cpu").child("numa").children("cell")) {
    if (IsOther(cell.attribute("memAccess"), "shared")) {
      return Against("a NUMA cell wants memory that is not shared");
    }
  }
  for (const pugi::xml_node memory : root.child("devices").children("memory")) {
    if (IsOther(memory.attribute("access"), "shared")) {
      return Against("a memory device wants access that is not shared");
    }
  }
  if (root.child("launchSecurity")) {
    return Against("launchSecurity keeps its memory from other processes");
  }
  return absl::OkStatus();
}

void ShareMemory(pugi::xml_node root, XmlText& text) {
  const std::string memfd = "<source type=\"memfd\"/>";
  const std::string shared = "<access mode=\"shared\"/>";
  const pugi::xml_node backing = root.child("memoryBacking");
  if (!backing) {
    text.InsertBefore(
        root.child("devices"),
        {absl::StrCat("<memoryBacking>", memfd, shared, "</memoryBacking>")});
    return;
  }
  std::vector<std::string> missing;
  // Huge pages without a source are files, which can be mapped, too.
  if (!backing.child("source") && !backing.child("hugepages")) {
    missing.push_back(memfd);
  }
  if (!backing.child("access")) missing.push_back(shared);
  if (!missing.empty()) text.Append(backing, missing);
}

// The device in JSON, as libvirt has its own: QEMU makes those in their order,
// after all others, so ours gets a slot that no address of libvirt's names.
std::vector<Argument> Arguments(const std::string& socket) {
  return {
      {"-chardev", absl::StrCat("socket,id=earshot,path=",
                                absl::StrReplaceAll(socket, {{",", ",,"}}))},
      {"-device", R"({"driver":"vhost-user-snd-pci","id":"earshot-card",)"
                  R"("chardev":"earshot"})"}};
}

// The pairs of arguments in QEMU's command line; those of one word have an
// empty second.
std::vector<Argument> ArgumentsIn(pugi::xml_node command_line) {
  std::vector<Argument> found;
  for (const pugi::xml_node node : command_line.children()) {
    if (XmlLocalName(node) != "arg") continue;
    const std::string value = node.attribute("value").value();
    if (absl::StartsWith(value, "-") || found.empty()) {
      found.push_back({value, ""});
    } else {
      found.back().second = value;
    }
  }
  return found;
}

// The id in an option's value; empty if there is none.
std::string IdIn(const std::string& value) {
  for (absl::string_view part : absl::StrSplit(value, absl::ByAnyChar(",{}"))) {
    if (absl::ConsumePrefix(&part, "id=") ||
        (absl::ConsumePrefix(&part, "\"id\":\"") &&
         absl::ConsumeSuffix(&part, "\""))) {
      return std::string(part);
    }
  }
  return "";
}

// A prefix that stands for nothing would come to stand for QEMU's namespace.
bool HasUndeclaredPrefix(pugi::xml_node root) {
  const auto children = root.children();
  return std::any_of(children.begin(), children.end(), [](pugi::xml_node node) {
    return node.type() == pugi::node_element && !XmlPrefix(node).empty() &&
           XmlNamespace(node).empty();
  });
}

pugi::xml_node CommandLine(pugi::xml_node root) {
  for (const pugi::xml_node node : root.children()) {
    if (node.type() == pugi::node_element &&
        XmlLocalName(node) == "commandline" &&
        XmlNamespace(node) == kQemuNamespace) {
      return node;
    }
  }
  return {};
}

// What pugixml takes for an attribute may be none that an element could have.
bool IsPrefix(const std::string& text) {
  return !text.empty() && (absl::ascii_isalpha(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
         });
}

// The prefix, with its colon, that stands for QEMU's namespace in the root;
// declared there if there is none.
std::string QemuPrefix(pugi::xml_node root, XmlText& text) {
  for (const pugi::xml_attribute attribute : root.attributes()) {
    const std::string name = attribute.name();
    if (std::string(attribute.value()) == kQemuNamespace &&
        absl::StartsWith(name, "xmlns:") && IsPrefix(name.substr(6))) {
      return name.substr(6) + ":";
    }
  }
  std::string prefix = "qemu";
  while (root.attribute(("xmlns:" + prefix).c_str())) prefix += "1";
  text.AddAttribute(root, "xmlns:" + prefix, kQemuNamespace);
  return prefix + ":";
}

absl::Status AddArguments(pugi::xml_node root, const std::string& socket,
                          XmlText& text) {
  const pugi::xml_node command_line = CommandLine(root);
  std::vector<Argument> missing;
  const std::vector<Argument> found = ArgumentsIn(command_line);
  for (const Argument& ours : Arguments(socket)) {
    const auto taken =
        std::find_if(found.begin(), found.end(), [&ours](const Argument& one) {
          return one.first == ours.first &&
                 IdIn(one.second) == IdIn(ours.second);
        });
    if (taken == found.end()) {
      missing.push_back(ours);
    } else if (*taken != ours) {
      return Against(absl::StrCat("its arguments for QEMU have another ",
                                  taken->first, " ", taken->second));
    }
  }
  if (missing.empty()) return absl::OkStatus();
  const std::string prefix =
      command_line ? XmlPrefix(command_line) : QemuPrefix(root, text);
  std::vector<std::string> elements;
  for (const auto& [option, value] : missing) {
    for (const std::string& word : {option, value}) {
      elements.push_back(
          absl::StrCat("<", prefix, "arg value=", XmlQuoted(word), "/>"));
    }
  }
  if (command_line) {
    text.Append(command_line, elements);
    return absl::OkStatus();
  }
  std::string whole = absl::StrCat("<", prefix, "commandline>");
  for (const std::string& element : elements) absl::StrAppend(&whole, element);
  text.Append(root, {absl::StrCat(whole, "</", prefix, "commandline>")});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> AddSoundCard(std::string domain,
                                         const std::string& socket) {
  auto text = XmlText::Parse(std::move(domain));
  if (!text.ok()) return text.status();
  const pugi::xml_node root = text->root();
  if (std::string(root.name()) != "domain" || !root.child("devices")) {
    return absl::InvalidArgumentError(
        "the XML is no libvirt domain with devices");
  }
  if (HasUndeclaredPrefix(root)) {
    return absl::InvalidArgumentError("the XML has a prefix without namespace");
  }
  absl::Status status = CheckMemory(root);
  if (!status.ok()) return status;
  ShareMemory(root, *text);
  status = AddArguments(root, socket, *text);
  if (!status.ok()) return status;
  return text->Edited();
}

}  // namespace earshot
