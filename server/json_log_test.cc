#include "server/json_log.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(JsonLogTest, SplitsMessagesIntoPairs) {
  EXPECT_EQ(
      JsonFields("stream opened stream=vms/a/streams/0 epoch=1"),
      R"("message":"stream opened","stream":"vms/a/streams/0","epoch":"1")");
}

TEST(JsonLogTest, KeepsQuotedValuesWhole) {
  EXPECT_EQ(JsonFields(R"(x client="a \"b\" = c" n=2)"),
            R"("message":"x","client":"a \"b\" = c","n":"2")");
}

TEST(JsonLogTest, ValuesMayBeEmptyOrCut) {
  EXPECT_EQ(JsonFields("x field= n=2"), R"("message":"x","field":"","n":"2")");
  EXPECT_EQ(JsonFields("x a=\"b"), R"("message":"x","a":"b")");
  EXPECT_EQ(JsonFields(""), R"("message":"")");
}

TEST(JsonLogTest, EscapesWhatJsonNeedsEscaped) {
  EXPECT_EQ(JsonFields("a\nb\\"), R"("message":"a\u000ab\\")");
  EXPECT_EQ(JsonFields("x message=y"), R"("message":"x","detail":"y")");
}

TEST(JsonLogTest, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(JsonFields("a\xff x=\xc3\xa4\xe2\x82"),
            "\"message\":\"a\\ufffd\",\"x\":\"\xc3\xa4\\ufffd\\ufffd\"");
  EXPECT_EQ(JsonFields("\xed\xa0\x80"), R"("message":"\ufffd\ufffd\ufffd")");
  // Overlong, beyond U+10FFFF, cut.
  EXPECT_EQ(JsonFields("\xc0\xaf"), R"("message":"\ufffd\ufffd")");
  EXPECT_EQ(JsonFields("\xf4\x90\x80\x80"),
            R"("message":"\ufffd\ufffd\ufffd\ufffd")");
  EXPECT_EQ(JsonFields("\xf0\x9f\x94\x8a"), "\"message\":\"\xf0\x9f\x94\x8a\"");
}

}  // namespace
}  // namespace earshot
