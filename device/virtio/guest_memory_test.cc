#include "device/virtio/guest_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace earshot {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

class GuestMemoryTest : public testing::Test {
 protected:
  std::array<uint8_t, 0x1000> low_;
  std::array<uint8_t, 0x2000> high_;
  const std::vector<GuestMemory::Region> regions_ = {
      {0x10000, low_.size(), 0x7000000, low_.data()},
      {0x20000, high_.size(), 0x9000000, high_.data()}};
  const GuestMemory memory_ = *GuestMemory::Create(regions_);
};

TEST_F(GuestMemoryTest, TranslatesGuestAndUserAddresses) {
  EXPECT_EQ(memory_.FromGuest(0x10010, 16)->data(), low_.data() + 0x10);
  EXPECT_EQ(memory_.FromGuest(0x10010, 16)->size(), 16u);
  EXPECT_EQ(memory_.FromUser(0x9000020, 1)->data(), high_.data() + 0x20);
  EXPECT_FALSE(memory_.FromGuest(0x9000020, 1).ok());
  EXPECT_FALSE(memory_.FromUser(0x10010, 1).ok());
}

TEST_F(GuestMemoryTest, ARangeEndsWithinItsRegion) {
  EXPECT_TRUE(memory_.FromGuest(0x10000, 0x1000).ok());
  EXPECT_TRUE(memory_.FromGuest(0x10fff, 1).ok());
  EXPECT_FALSE(memory_.FromGuest(0x10fff, 2).ok());
  EXPECT_FALSE(memory_.FromGuest(0x11000, 1).ok());
  EXPECT_FALSE(memory_.FromGuest(0xffff, 2).ok());
  EXPECT_FALSE(memory_.FromGuest(0x10000, 0x11000).ok());
}

TEST_F(GuestMemoryTest, RefusesEmptyAndWrappingRanges) {
  EXPECT_FALSE(memory_.FromGuest(0x10000, 0).ok());
  EXPECT_FALSE(memory_.FromGuest(0x10010, kMax).ok());
  EXPECT_FALSE(memory_.FromGuest(0x10010, kMax - 0xf).ok());
  EXPECT_FALSE(memory_.FromGuest(kMax, 0x10002).ok());
  EXPECT_FALSE(memory_.FromGuest(kMax - 15, 32).ok());
}

TEST_F(GuestMemoryTest, WithoutRegionsThereIsNothing) {
  EXPECT_FALSE(GuestMemory().FromGuest(0, 1).ok());
  EXPECT_TRUE(GuestMemory::Create({}).ok());
}

TEST_F(GuestMemoryTest, RefusesBadRegions) {
  auto create = [&](uint64_t guest, uint64_t size, uint64_t user) {
    std::vector<GuestMemory::Region> regions = regions_;
    regions.push_back({guest, size, user, low_.data()});
    return GuestMemory::Create(std::move(regions)).ok();
  };
  EXPECT_TRUE(create(0x30000, 0x1000, 0xa000000));
  EXPECT_FALSE(create(0x30000, 0, 0xa000000));         // empty
  EXPECT_FALSE(create(kMax - 0x10, 0x20, 0xa000000));  // wraps
  EXPECT_FALSE(create(0x30000, 0x20, kMax - 0x10));    // wraps
  EXPECT_FALSE(create(0x30000, kMax, 0xa000000));      // wraps
  EXPECT_FALSE(create(0xf001, 0x1000, 0xa000000));     // guest overlap
  EXPECT_FALSE(create(0x30000, 0x1000, 0x9001fff));    // user overlap
  EXPECT_FALSE(create(0x0, 0x100000, 0xa000000));      // encloses another
}

}  // namespace
}  // namespace earshot
