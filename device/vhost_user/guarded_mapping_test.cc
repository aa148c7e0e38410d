#include "device/vhost_user/guarded_mapping.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <vector>

#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {
namespace {

constexpr size_t kPage = 4096;

class GuardedMappingTest : public testing::Test {
 protected:
  GuardedMappingTest() : file_(memfd_create("test", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_.get(), 4 * kPage), 0);
  }

  const UniqueFd file_;
};

TEST_F(GuardedMappingTest, IsTheFile) {
  auto mapping = GuardedMapping::Map(file_.get(), kPage, 2 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  mapping->base()[3] = 42;
  uint8_t byte = 0;
  ASSERT_EQ(pread(file_.get(), &byte, 1, kPage + 3), 1);
  EXPECT_EQ(byte, 42);
  EXPECT_FALSE(mapping->lost());
}

TEST_F(GuardedMappingTest, ReadsZerosAndIsLostWhereTheFileWasTruncated) {
  auto mapping = GuardedMapping::Map(file_.get(), 0, 4 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  std::memset(mapping->base(), 7, mapping->length());
  ASSERT_EQ(ftruncate(file_.get(), kPage), 0);
  volatile uint8_t* bytes = mapping->base();
  EXPECT_EQ(bytes[0], 7);  // still there
  EXPECT_FALSE(mapping->lost());
  EXPECT_EQ(bytes[2 * kPage], 0);
  EXPECT_TRUE(mapping->lost());
  // One mapping is whole or gone: there is no half of a ring.
  EXPECT_EQ(bytes[0], 0);
  bytes[3 * kPage] = 1;  // goes nowhere
  EXPECT_EQ(bytes[3 * kPage], 1);
}

TEST_F(GuardedMappingTest, AWriteIsCaughtAsWell) {
  auto mapping = GuardedMapping::Map(file_.get(), 0, 4 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  ASSERT_EQ(ftruncate(file_.get(), 0), 0);
  std::vector<uint8_t> bytes(4 * kPage, 9);
  std::memcpy(mapping->base(), bytes.data(), bytes.size());
  EXPECT_TRUE(mapping->lost());
}

TEST_F(GuardedMappingTest, TheNextMappingInItsPlaceIsNotLost) {
  for (int i = 0; i < 2 * GuardedMapping::kMaxMappings; ++i) {
    ASSERT_EQ(ftruncate(file_.get(), 4 * kPage), 0);
    auto mapping = GuardedMapping::Map(file_.get(), 0, 4 * kPage);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_FALSE(mapping->lost());
    ASSERT_EQ(ftruncate(file_.get(), 0), 0);
    volatile uint8_t* bytes = mapping->base();
    EXPECT_EQ(bytes[0], 0);
    EXPECT_TRUE(mapping->lost());
  }
}

TEST_F(GuardedMappingTest, RefusesMoreThanTheHandlerKnows) {
  std::vector<GuardedMapping> mappings;
  for (int i = 0; i < GuardedMapping::kMaxMappings; ++i) {
    auto mapping = GuardedMapping::Map(file_.get(), 0, kPage);
    ASSERT_TRUE(mapping.ok()) << i;
    mappings.push_back(*std::move(mapping));
  }
  EXPECT_TRUE(absl::IsResourceExhausted(
      GuardedMapping::Map(file_.get(), 0, kPage).status()));
  mappings.pop_back();
  EXPECT_TRUE(GuardedMapping::Map(file_.get(), 0, kPage).ok());
}

TEST_F(GuardedMappingTest, WhatCannotBeMappedCostsNothing) {
  for (int i = 0; i < 2 * GuardedMapping::kMaxMappings; ++i) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        GuardedMapping::Map(/*fd=*/-1, 0, kPage).status()));
  }
  EXPECT_TRUE(GuardedMapping::Map(file_.get(), 0, kPage).ok());
}

TEST(GuardedMappingDeathTest, ABusErrorFromElsewhereStillEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        GuardedMapping::InstallHandler();
        const UniqueFd file(memfd_create("test", MFD_CLOEXEC));
        volatile uint8_t* bytes = static_cast<uint8_t*>(
            mmap(nullptr, kPage, PROT_READ, MAP_SHARED, file.get(), 0));
        [[maybe_unused]] const uint8_t byte = bytes[0];
      },
      "");
}

}  // namespace
}  // namespace earshot::vhost_user
