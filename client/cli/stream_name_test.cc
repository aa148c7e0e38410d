#include "client/cli/stream_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(StreamNameTest, AShortNameMeansTheVmsFirstStream) {
  EXPECT_EQ(*FullStreamName("demo"), "vms/demo/streams/0");
  EXPECT_EQ(*FullStreamName("demo/3"), "vms/demo/streams/3");
  EXPECT_EQ(*FullStreamName("vms/demo/streams/3"), "vms/demo/streams/3");
  EXPECT_EQ(*FullStreamName("demo/probes/7"), "vms/demo/probes/7");
  EXPECT_EQ(*FullStreamName("vms"), "vms/vms/streams/0");
}

TEST(StreamNameTest, WhatIsNoNameSaysWhatIsAllowed) {
  for (const char* typed :
       {"", "/", "a/b", "a/b/c/d", "vms/a/streams/x", "vms/a/streams/0/1",
        "a b", "a/1234567890", "vms/a/sounds/0"}) {
    const auto name = FullStreamName(typed);
    ASSERT_FALSE(name.ok()) << typed;
    EXPECT_THAT(std::string(name.status().message()),
                ::testing::HasSubstr("vms/VM/streams/NUMBER"));
  }
}

TEST(StreamNameTest, TheShortestNameIsShown) {
  for (const char* typed : {"demo", "demo/3", "demo/probes/7"}) {
    EXPECT_EQ(ShortStreamName(*FullStreamName(typed)), typed);
  }
  EXPECT_EQ(ShortStreamName("something else"), "something else");
}

}  // namespace
}  // namespace earshot
