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

}  // namespace
}  // namespace earshot
