#include "deploy/kubevirt/hook/xml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace earshot {
namespace {

using testing::HasSubstr;

// `text` with <new/> appended to the element of that name, below the root or
// the root itself.
std::string Appended(const std::string& text, const std::string& name) {
  auto xml = XmlText::Parse(text);
  if (!xml.ok()) return std::string(xml.status().message());
  pugi::xml_node parent = xml->root();
  if (name != parent.name()) parent = parent.child(name.c_str());
  xml->Append(parent, {"<new/>"});
  return xml->Edited();
}

std::string Complaint(const std::string& text) {
  const auto xml = XmlText::Parse(text);
  return xml.ok() ? "none" : std::string(xml.status().message());
}

TEST(XmlTextTest, WithoutAdditionsEveryByteStays) {
  const std::string text =
      "<?xml version='1.0' encoding=\"UTF-8\"?>\r\n<!-- \xc3\xa4 --><a  b = "
      "'&quot;&#x9;&unknown;'\n>\t<c></c><c />&amp;<![CDATA[</a>]]><?p i?></a "
      ">\n\n<!-- end -->";
  const auto xml = XmlText::Parse(text);
  ASSERT_TRUE(xml.ok()) << xml.status();
  EXPECT_EQ(xml->Edited(), text);
}

TEST(XmlTextTest, AppendsBehindTheLastElement) {
  EXPECT_EQ(Appended("<a><b/></a>", "a"), "<a><b/><new/></a>");
  EXPECT_EQ(Appended("<a>\n  <b>x</b>\n</a>", "a"),
            "<a>\n  <b>x</b>\n  <new/>\n</a>");
  EXPECT_EQ(Appended("<a>\r\n\t<b>\r\n\t</b><!-- </a> -->\r\n</a>", "a"),
            "<a>\r\n\t<b>\r\n\t</b>\r\n\t<new/><!-- </a> -->\r\n</a>");
}

TEST(XmlTextTest, FindsWhereAnElementEndsWhateverIsInIt) {
  for (const char* inside :
       {"", " ", "t", "&gt;", "<!-- </b></a> -->", "<![CDATA[</b>]]>",
        "<?p </b> ?>", "<c/>", "<c></c>", "<c d='/>'><e f=\">\"/></c >",
        "<c><d>x<e/></d> </c>", "<c/> ", "<c><!-- - --></c>", "<c><!----></c>",
        "<c><![CDATA[]]></c>"}) {
    const std::string b = "<b>" + std::string(inside) + "</b\n>";
    EXPECT_EQ(Appended("<a>" + b + "</a>", "a"), "<a>" + b + "<new/></a>");
  }
  EXPECT_EQ(Appended("<a><b c='>/>'/></a>", "a"), "<a><b c='>/>'/><new/></a>");
}

TEST(XmlTextTest, OpensAnEmptyElement) {
  EXPECT_EQ(Appended("<a><b/></a>", "b"), "<a><b><new/></b></a>");
  EXPECT_EQ(Appended("<a><b c='/' /></a>", "b"), "<a><b c='/' ><new/></b></a>");
  EXPECT_EQ(Appended("<a><b></b></a>", "b"), "<a><b><new/></b></a>");
  EXPECT_EQ(Appended("<a><b><!-- c --></b></a>", "b"),
            "<a><b><new/><!-- c --></b></a>");
  EXPECT_EQ(Appended("<a>\n  <b/>\n</a>", "b"),
            "<a>\n  <b>\n    <new/>\n  </b>\n</a>");
  EXPECT_EQ(Appended("<a>\n  <b></b>\n</a>", "b"),
            "<a>\n  <b>\n    <new/>\n  </b>\n</a>");
  EXPECT_EQ(Appended("<a>\n  <b>\n  </b>\n</a>", "b"),
            "<a>\n  <b>\n    <new/>\n  </b>\n</a>");
  EXPECT_EQ(Appended("<a/>", "a"), "<a><new/></a>");
}

TEST(XmlTextTest, InsertsBeforeAnElementAndAddsAttributes) {
  auto xml = XmlText::Parse("<a>\n <b/>\n <c d='1'/></a>");
  ASSERT_TRUE(xml.ok());
  xml->InsertBefore(xml->root().child("c"), {"<x/>", "<y/>"});
  xml->AddAttribute(xml->root(), "k", "<\"&'>");
  xml->AddAttribute(xml->root().child("c"), "z", "2");
  EXPECT_EQ(xml->Edited(),
            "<a k=\"&lt;&quot;&amp;'>\">\n <b/>\n <x/>\n <y/>\n <c z=\"2\" "
            "d='1'/></a>");
}

TEST(XmlTextTest, AByteOrderMarkStays) {
  EXPECT_EQ(Appended("\xef\xbb\xbf<a>\n <b/>\n</a>", "a"),
            "\xef\xbb\xbf<a>\n <b/>\n <new/>\n</a>");
}

TEST(XmlTextTest, RefusesWhatIsNotOneUtf8DocumentWithoutADtd) {
  EXPECT_THAT(Complaint(""), HasSubstr("one root"));
  EXPECT_THAT(Complaint("<!-- -->"), HasSubstr("one root"));
  EXPECT_THAT(Complaint("<a/><b/>"), HasSubstr("one root"));
  EXPECT_THAT(Complaint("text"), HasSubstr("beside its root"));
  EXPECT_THAT(Complaint("<a/>text"), HasSubstr("beside its root"));
  EXPECT_THAT(Complaint("<a>"), HasSubstr("malformed at byte"));
  EXPECT_THAT(Complaint("<a></b>"), HasSubstr("malformed at byte"));
  EXPECT_THAT(Complaint("<a b></a>"), HasSubstr("malformed at byte"));
  EXPECT_THAT(Complaint(std::string("<a>\0</a>", 8)), HasSubstr("zero byte"));
  EXPECT_THAT(Complaint("<?xml version='1.0' encoding='latin1'?><a/>"),
              HasSubstr("not in UTF-8"));
  EXPECT_THAT(Complaint("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"),
              HasSubstr("has a DTD"));
}

TEST(XmlTextTest, KnowsNamespacesByWhereTheyAreDeclared) {
  const auto xml = XmlText::Parse(
      "<a xmlns:p='one'><p:b><p:c xmlns:p='two'/></p:b><d xmlns='three'><e/>"
      "</d><q:f/></a>");
  ASSERT_TRUE(xml.ok());
  const pugi::xml_node b = xml->root().child("p:b");
  EXPECT_EQ(XmlNamespace(xml->root()), "");
  EXPECT_EQ(XmlNamespace(b), "one");
  EXPECT_EQ(XmlNamespace(b.child("p:c")), "two");
  EXPECT_EQ(XmlNamespace(xml->root().child("d").child("e")), "three");
  EXPECT_EQ(XmlNamespace(xml->root().child("q:f")), "");
  EXPECT_EQ(XmlLocalName(b), "b");
  EXPECT_EQ(XmlPrefix(b), "p:");
  EXPECT_EQ(XmlPrefix(xml->root()), "");
}

}  // namespace
}  // namespace earshot
