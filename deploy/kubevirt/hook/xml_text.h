#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_XML_TEXT_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_XML_TEXT_H_

#include <cstddef>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace earshot {

// An XML text and what is to be added to it: all else stays as it is, to the
// byte, which no library's printing would do. pugixml says what stands where.
// New elements get lines of their own, indented as their neighbors are.
//
// Nodes are of root(); they stay as they were parsed. One thread.
class XmlText {
 public:
  // INVALID_ARGUMENT if it is not well-formed UTF-8 XML with one root, or if it
  // has a DTD: entities that it defines are a way to attack readers.
  static absl::StatusOr<XmlText> Parse(std::string text);

  pugi::xml_node root() const { return document_->document_element(); }

  void AddAttribute(pugi::xml_node element, const std::string& name,
                    const std::string& value);
  // Elements as text, one in each.
  void InsertBefore(pugi::xml_node element,
                    absl::Span<const std::string> elements);
  void Append(pugi::xml_node parent, absl::Span<const std::string> elements);

  // With all that was added, where the same place's first comes first.
  std::string Edited() const;

 private:
  struct Edit {
    size_t position;
    size_t removed;
    std::string added;
  };

  XmlText(std::string text, std::unique_ptr<pugi::xml_document> document);

  // Where its "<" stands.
  size_t Begin(pugi::xml_node element) const;
  // Just behind its start tag, and behind all of it.
  size_t StartTagEnd(pugi::xml_node element) const;
  size_t End(pugi::xml_node element) const;
  // What stands before it on its line, from the line break on; empty if that
  // is not blank alone.
  std::string LineStart(pugi::xml_node element) const;

  std::string text_;
  std::unique_ptr<pugi::xml_document> document_;
  std::vector<Edit> edits_;
};

// `value` as it stands in an attribute, in double quotes.
std::string XmlQuoted(const std::string& value);

// The namespace that an element is in; empty if none.
std::string XmlNamespace(pugi::xml_node element);
// Its name without the prefix, and the prefix with its colon.
std::string XmlLocalName(pugi::xml_node element);
std::string XmlPrefix(pugi::xml_node element);

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_XML_TEXT_H_
