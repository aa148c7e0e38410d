#include "device/virtio/inflight_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint16_t kEntries = 8;

// Offsets in QueueRegionSplit, as vhost-user defines it.
constexpr size_t kVersion = 8;
constexpr size_t kEntryCount = 10;
constexpr size_t kLastBatchHead = 12;
constexpr size_t kUsedIndex = 14;
constexpr size_t EntryAt(int head) { return 16 + 16 * head; }

class InflightLogTest : public testing::Test {
 protected:
  absl::Span<uint8_t> memory() {
    return {reinterpret_cast<uint8_t*>(memory_), sizeof(memory_)};
  }
  uint16_t Word(size_t offset) {
    uint16_t value;
    std::memcpy(&value, memory().data() + offset, sizeof(value));
    return value;
  }
  void SetWord(size_t offset, uint16_t value) {
    std::memcpy(memory().data() + offset, &value, sizeof(value));
  }
  // What the next process finds.
  std::vector<uint16_t> ResumeAnew(uint16_t used, uint16_t avail) {
    return InflightLog(memory(), kEntries).Resume(used, avail);
  }
  void Use(uint16_t head) {
    log_.BeginUse(head);
    log_.EndUse(head, ++used_);
  }

  uint64_t memory_[InflightLog::SizeFor(kEntries) / 8] = {};
  InflightLog log_{memory(), kEntries};
  uint16_t used_ = 0;
};

TEST_F(InflightLogTest, HasTheLayoutOfTheSpecification) {
  EXPECT_EQ(InflightLog::SizeFor(64), 1088u);
  EXPECT_THAT(log_.Resume(5, 5), IsEmpty());
  EXPECT_EQ(Word(kVersion), 1);
  EXPECT_EQ(Word(kEntryCount), kEntries);
  EXPECT_EQ(Word(kUsedIndex), 5);
  log_.Take(3);
  EXPECT_EQ(memory()[EntryAt(3)], 1);
  log_.Take(6);
  EXPECT_EQ(Word(EntryAt(6) + 8), Word(EntryAt(3) + 8) + 1);
  log_.BeginUse(6);
  EXPECT_EQ(Word(kLastBatchHead), 6);
  log_.EndUse(6, 6);
  EXPECT_EQ(memory()[EntryAt(6)], 0);
  EXPECT_EQ(Word(kUsedIndex), 6);
}

TEST_F(InflightLogTest, OffersWhatWasNotGivenBackInTheOrderOfTaking) {
  log_.Resume(0, 4);
  for (uint16_t head : {7, 1, 4, 2}) log_.Take(head);
  Use(1);
  EXPECT_THAT(ResumeAnew(1, 4), ElementsAre(7, 4, 2));
}

TEST_F(InflightLogTest, GoesOnCountingWhereItWas) {
  log_.Resume(0, 8);
  for (uint16_t head : {5, 3}) log_.Take(head);
  InflightLog next(memory(), kEntries);
  EXPECT_THAT(next.Resume(0, 8), ElementsAre(5, 3));
  next.Take(0);
  EXPECT_THAT(ResumeAnew(0, 8), ElementsAre(5, 3, 0));
}

// The process may die between any two steps: the buffer is offered again if and
// only if the guest has not got it.
TEST_F(InflightLogTest, ADeathBeforeTheUsedIndexIsRaisedOffersTheBufferAgain) {
  log_.Resume(0, 2);
  for (uint16_t head : {2, 6}) log_.Take(head);
  log_.BeginUse(6);
  EXPECT_THAT(ResumeAnew(0, 2), ElementsAre(2, 6));
}

TEST_F(InflightLogTest, ADeathAfterTheUsedIndexIsRaisedDoesNot) {
  log_.Resume(0, 2);
  for (uint16_t head : {2, 6}) log_.Take(head);
  log_.BeginUse(6);
  EXPECT_THAT(ResumeAnew(1, 2), ElementsAre(2));
  EXPECT_THAT(ResumeAnew(1, 2), ElementsAre(2));
}

TEST_F(InflightLogTest, ADeathBeforeItsOwnIndexIsRaisedDoesNotEither) {
  log_.Resume(0, 2);
  for (uint16_t head : {2, 6}) log_.Take(head);
  log_.BeginUse(6);
  memory()[EntryAt(6)] = 0;
  EXPECT_THAT(ResumeAnew(1, 2), ElementsAre(2));
}

TEST_F(InflightLogTest, FinishesABatchOfAnotherBackend) {
  log_.Resume(0, 4);
  for (uint16_t head : {0, 1, 2, 3}) log_.Take(head);
  for (uint16_t head : {1, 0, 3}) log_.BeginUse(head);
  EXPECT_THAT(ResumeAnew(3, 4), ElementsAre(2));
}

TEST_F(InflightLogTest, WrapsWithTheIndex) {
  log_.Resume(0xffff, 1);
  for (uint16_t head : {4, 5}) log_.Take(head);
  used_ = 0xffff;
  Use(4);
  EXPECT_THAT(ResumeAnew(0, 1), ElementsAre(5));
}

TEST_F(InflightLogTest, ALogOfAnotherLifeOfTheRingIsEmptied) {
  log_.Resume(0, 3);
  for (uint16_t head : {0, 1, 2}) log_.Take(head);
  EXPECT_THAT(ResumeAnew(0, 2), IsEmpty());  // three of two cannot be out
  log_.Resume(0, 3);
  log_.Take(0);
  EXPECT_THAT(ResumeAnew(100, 103), IsEmpty());
  EXPECT_THAT(ResumeAnew(100, 103), IsEmpty());
}

TEST_F(InflightLogTest, ForeignNonsenseIsEmptied) {
  auto fill = [&] {
    log_.Resume(0, 8);
    log_.Clear(0);
    for (uint16_t head : {0, 1, 2}) log_.Take(head);
  };
  fill();
  SetWord(kVersion, 2);
  EXPECT_THAT(ResumeAnew(0, 8), IsEmpty());
  fill();
  SetWord(kEntryCount, 0xffff);
  EXPECT_THAT(ResumeAnew(0, 8), IsEmpty());
  fill();
  SetWord(kLastBatchHead, 0xffff);
  EXPECT_THAT(ResumeAnew(1, 8), IsEmpty());
  fill();
  SetWord(EntryAt(0) + 6, kEntries);  // next
  EXPECT_THAT(ResumeAnew(2, 8), IsEmpty());
  std::memset(memory().data(), 0xff, memory().size());
  EXPECT_THAT(ResumeAnew(0, 8), IsEmpty());
}

TEST_F(InflightLogTest, AListThatLoopsEnds) {
  log_.Resume(0, 8);
  log_.Take(1);
  log_.Take(2);
  SetWord(kLastBatchHead, 1);
  SetWord(EntryAt(1) + 6, 1);  // its own next
  EXPECT_THAT(ResumeAnew(5, 8), ElementsAre(2));
}

}  // namespace
}  // namespace earshot
