#include "server/stream_entry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace earshot {
namespace {

const MonotonicTime kNow = MonotonicTime() + std::chrono::hours(1);

// An entry, and calls that write down what is wanted of them.
class StreamEntryTest : public testing::Test {
 protected:
  CallHandle Call(const std::string& name) {
    return {[this, name](const Refusal& why) {
              seen_.push_back(name + " " + Describe(why.reason).name);
            },
            [this, name](int ms) {
              seen_.push_back(name + " goes in " + std::to_string(ms));
            },
            [this, name] { seen_.push_back(name + " flushes"); }};
  }

  static StreamInfo Info(const std::string& peer) {
    StreamInfo info;
    info.name = "vms/a/streams/0";
    info.peer = peer;
    return info;
  }

  // The session stirs its play-out thread, which closes it at once.
  void CloseWhenStirred() {
    entry_.session()->OnStirred([this] { seen_.push_back("closes"); });
  }

  StreamEntry entry_{Info("first"), PlayoutConfig()};
  std::vector<std::string> seen_;
};

TEST_F(StreamEntryTest, SpeaksToTheCallThatWasAttachedLast) {
  entry_.Flush();
  entry_.GoAway(1);
  ASSERT_TRUE(entry_.Attach(Info("first"), Call("first"), 0, kNow));
  entry_.Flush();
  const auto second =
      entry_.Resume(entry_.token(), Info("second"), Call("second"), 0, kNow);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->attachment.resumed);
  second->before.end({Reason::kTakenOver, "", ""});
  entry_.Flush();
  entry_.GoAway(5);
  EXPECT_EQ(seen_,
            (std::vector<std::string>{"first flushes", "first TAKEN_OVER",
                                      "second flushes", "second goes in 5"}));
  EXPECT_EQ(entry_.View(kNow).info.peer, "second");
  EXPECT_EQ(entry_.View(kNow).stats.total.resumes, 1);
}

TEST_F(StreamEntryTest, KnowsTheLastCallsThatSpokeForIt) {
  ASSERT_TRUE(entry_.Attach(Info("0"), Call("0"), 0, kNow));
  EXPECT_EQ(entry_.info().peers.size(), 1u);
  for (const char* peer : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    ASSERT_TRUE(entry_.Resume(entry_.token(), Info(peer), Call(peer), 0, kNow));
  }
  EXPECT_EQ(entry_.info().peers,
            (std::vector<std::string>{"8", "7", "6", "5", "4", "3", "2", "1"}));
}

TEST_F(StreamEntryTest, NobodyGoesOnWithoutTheToken) {
  ASSERT_TRUE(entry_.Attach(Info("first"), Call("first"), 0, kNow));
  std::string token = entry_.token();
  ++token.back();
  EXPECT_FALSE(entry_.Resume(token, Info("second"), Call("second"), 0, kNow));
  EXPECT_FALSE(entry_.Resume("", Info("second"), Call("second"), 0, kNow));
  EXPECT_EQ(entry_.info().peer, "first");
}

TEST_F(StreamEntryTest, ItsCallHearsWhyItIsReplacedBeforeTheSessionCloses) {
  ASSERT_TRUE(entry_.Attach(Info("first"), Call("first"), 0, kNow));
  CloseWhenStirred();
  seen_.clear();
  entry_.Replace({Reason::kClosedByOperator, "", ""}, kNow);
  EXPECT_EQ(seen_,
            (std::vector<std::string>{"first CLOSED_BY_OPERATOR", "closes"}));
}

TEST_F(StreamEntryTest, WhyItWasReplacedIsKnownThoughItsCallHasLeft) {
  uint64_t id = 0;
  CallHandle leaves;
  leaves.end = [this, &id](const Refusal&) {
    entry_.session()->CallLost(id, std::chrono::seconds(10), kNow);
  };
  const auto attached = entry_.Attach(Info("first"), leaves, 0, kNow);
  ASSERT_TRUE(attached);
  id = attached->attachment.call;
  entry_.Replace({Reason::kTakenOver, "", "another call has opened it"}, kNow);
  EXPECT_EQ(entry_.View(kNow).stats.state_reason, "another call has opened it");
}

TEST_F(StreamEntryTest, WhatReplacesItEndsItsCall) {
  ASSERT_TRUE(entry_.Attach(Info("first"), Call("first"), 0, kNow));
  entry_.Replace({Reason::kTakenOver, "", ""}, kNow);
  EXPECT_EQ(seen_, std::vector<std::string>{"first TAKEN_OVER"});
  EXPECT_FALSE(
      entry_.Resume(entry_.token(), Info("second"), Call("second"), 0, kNow));
}

}  // namespace
}  // namespace earshot
