#include "deploy/kubevirt/hook/xml_text.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace earshot {
namespace {

// All nodes, as their positions are needed; with parse_fragment, text beside
// the root is seen, too.
constexpr unsigned kParse =
    pugi::parse_full | pugi::parse_ws_pcdata | pugi::parse_fragment;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the XML ", what));
}

std::string Indentation(const std::string& line_start) {
  return line_start.substr(line_start.find_last_of('\n') + 1);
}

absl::Status CheckOutside(const pugi::xml_document& document) {
  int roots = 0;
  for (const pugi::xml_node node : document.children()) {
    switch (node.type()) {
      case pugi::node_element:
        ++roots;
        break;
      case pugi::node_declaration: {
        const std::string encoding = node.attribute("encoding").value();
        if (!encoding.empty() && !absl::EqualsIgnoreCase(encoding, "utf-8")) {
          return Malformed("is not in UTF-8");
        }
        break;
      }
      case pugi::node_doctype:
        return Malformed("has a DTD");
      case pugi::node_pcdata:
      case pugi::node_cdata:
        if (!absl::StripAsciiWhitespace(node.value()).empty()) {
          return Malformed("has text beside its root element");
        }
        break;
      default:
        break;
    }
  }
  if (roots != 1) return Malformed("has not one root element");
  return absl::OkStatus();
}

}  // namespace

XmlText::XmlText(std::string text, std::unique_ptr<pugi::xml_document> document)
    : text_(std::move(text)), document_(std::move(document)) {}

absl::StatusOr<XmlText> XmlText::Parse(std::string text) {
  if (text.find('\0') != std::string::npos) return Malformed("has a zero byte");
  auto document = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed = document->load_buffer(
      text.data(), text.size(), kParse, pugi::encoding_utf8);
  if (!parsed) {
    return Malformed(absl::StrCat("is malformed at byte ", parsed.offset, ": ",
                                  parsed.description()));
  }
  absl::Status outside = CheckOutside(*document);
  if (!outside.ok()) return outside;
  return XmlText(std::move(text), std::move(document));
}

size_t XmlText::Begin(pugi::xml_node element) const {
  return element.offset_debug() - 1;
}

size_t XmlText::StartTagEnd(pugi::xml_node element) const {
  // A ">" may stand in an attribute's value.
  char quote = 0;
  size_t position = element.offset_debug() + std::strlen(element.name());
  for (; position < text_.size(); ++position) {
    const char c = text_[position];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      break;
    }
  }
  return position + 1;
}

size_t XmlText::End(pugi::xml_node element) const {
  // Down to the last node that has no other within: all end tags from there on
  // are of what it is in.
  int open = 0;
  pugi::xml_node last = element;
  while (last.type() == pugi::node_element && last.last_child()) {
    last = last.last_child();
    ++open;
  }
  size_t position = last.offset_debug();
  switch (last.type()) {
    case pugi::node_element:
      position = StartTagEnd(last);
      if (text_[position - 2] != '/') ++open;
      break;
    case pugi::node_comment:
      position = text_.find("-->", position);
      break;
    case pugi::node_cdata:
      position = text_.find("]]>", position);
      break;
    case pugi::node_pi:
      position = text_.find("?>", position);
      break;
    default:  // text, which has no "<"
      break;
  }
  for (; open > 0; --open) {
    position = text_.find('>', text_.find("</", position)) + 1;
  }
  return position;
}

std::string XmlText::LineStart(pugi::xml_node element) const {
  if (element.type() != pugi::node_element) return "";
  const size_t begin = Begin(element);
  size_t from = begin;
  while (from > 0 && (text_[from - 1] == ' ' || text_[from - 1] == '\t')) {
    --from;
  }
  if (from == 0 || text_[from - 1] != '\n') return "";
  --from;
  if (from > 0 && text_[from - 1] == '\r') --from;
  return text_.substr(from, begin - from);
}

void XmlText::AddAttribute(pugi::xml_node element, const std::string& name,
                           const std::string& value) {
  edits_.push_back({element.offset_debug() + std::strlen(element.name()), 0,
                    absl::StrCat(" ", name, "=", XmlQuoted(value))});
}

void XmlText::InsertBefore(pugi::xml_node element,
                           absl::Span<const std::string> elements) {
  const std::string line = LineStart(element);
  std::string added;
  for (const std::string& one : elements) absl::StrAppend(&added, one, line);
  edits_.push_back({Begin(element), 0, std::move(added)});
}

void XmlText::Append(pugi::xml_node parent,
                     absl::Span<const std::string> elements) {
  pugi::xml_node last = parent.last_child();
  while (last && last.type() != pugi::node_element) {
    last = last.previous_sibling();
  }
  std::string added;
  if (last) {
    const std::string line = LineStart(last);
    for (const std::string& one : elements) absl::StrAppend(&added, line, one);
    edits_.push_back({End(last), 0, std::move(added)});
    return;
  }
  // As deep below the parent as that is below its own.
  const std::string closing = LineStart(parent);
  const std::string above = Indentation(LineStart(parent.parent()));
  const std::string own = Indentation(closing);
  const std::string line =
      closing + own.substr(std::min(above.size(), own.size()));
  for (const std::string& one : elements) absl::StrAppend(&added, line, one);
  const size_t tag_end = StartTagEnd(parent);
  if (text_[tag_end - 2] == '/') {
    edits_.push_back(
        {tag_end - 2, 2,
         absl::StrCat(">", added, closing, "</", parent.name(), ">")});
    return;
  }
  // What else it holds, be it blank, now stands behind.
  if (text_.compare(tag_end, 2, "</") == 0) added += closing;
  edits_.push_back({tag_end, 0, std::move(added)});
}

std::string XmlText::Edited() const {
  std::vector<const Edit*> edits;
  for (const Edit& edit : edits_) edits.push_back(&edit);
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit* one, const Edit* other) {
                     return one->position < other->position;
                   });
  std::string edited;
  size_t position = 0;
  for (const Edit* edit : edits) {
    edited.append(text_, position, edit->position - position);
    edited += edit->added;
    position = edit->position + edit->removed;
  }
  return edited.append(text_, position);
}

std::string XmlQuoted(const std::string& value) {
  return absl::StrCat(
      "\"",
      absl::StrReplaceAll(value,
                          {{"&", "&amp;"}, {"<", "&lt;"}, {"\"", "&quot;"}}),
      "\"");
}

std::string XmlPrefix(pugi::xml_node element) {
  const std::string name = element.name();
  const size_t colon = name.find(':');
  return colon == std::string::npos ? "" : name.substr(0, colon + 1);
}

std::string XmlLocalName(pugi::xml_node element) {
  return std::string(element.name()).substr(XmlPrefix(element).size());
}

std::string XmlNamespace(pugi::xml_node element) {
  const std::string prefix = XmlPrefix(element);
  const std::string declaration =
      prefix.empty() ? "xmlns" : "xmlns:" + prefix.substr(0, prefix.size() - 1);
  for (pugi::xml_node node = element; node; node = node.parent()) {
    if (const auto found = node.attribute(declaration.c_str())) {
      return found.value();
    }
  }
  return "";
}

}  // namespace earshot
