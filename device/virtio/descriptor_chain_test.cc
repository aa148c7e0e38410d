#include "device/virtio/descriptor_chain.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace earshot {
namespace {

class DescriptorChainTest : public testing::Test {
 protected:
  DescriptorChainTest() {
    std::iota(memory_.begin(), memory_.end(), 0);
    absl::Span<uint8_t> all = absl::MakeSpan(memory_);
    chain_ = DescriptorChain(
        7, {all.subspan(0, 3), all.subspan(10, 1), all.subspan(20, 4)},
        {all.subspan(30, 2), all.subspan(40, 3)});
  }

  std::vector<uint8_t> Read(size_t offset, size_t size) {
    std::vector<uint8_t> out(size, 0xee);
    out.resize(chain_.Read(offset, absl::MakeSpan(out)));
    return out;
  }

  std::vector<uint8_t> memory_ = std::vector<uint8_t>(64);
  DescriptorChain chain_;
};

using Bytes = std::vector<uint8_t>;

TEST_F(DescriptorChainTest, KnowsItsHeadAndSizes) {
  EXPECT_EQ(chain_.head(), 7);
  EXPECT_EQ(chain_.readable_size(), 8u);
  EXPECT_EQ(chain_.writable_size(), 5u);
}

TEST_F(DescriptorChainTest, ReadsAcrossParts) {
  EXPECT_EQ(Read(0, 8), (Bytes{0, 1, 2, 10, 20, 21, 22, 23}));
  EXPECT_EQ(Read(2, 3), (Bytes{2, 10, 20}));
  EXPECT_EQ(Read(4, 2), (Bytes{20, 21}));
  EXPECT_EQ(Read(3, 0), Bytes());
}

TEST_F(DescriptorChainTest, ReadsNoFurtherThanItsEnd) {
  EXPECT_EQ(Read(6, 100), (Bytes{22, 23}));
  EXPECT_EQ(Read(8, 1), Bytes());
  EXPECT_EQ(Read(SIZE_MAX, 1), Bytes());
}

TEST_F(DescriptorChainTest, WritesAcrossPartsAndNoFurther) {
  const Bytes bytes = {101, 102, 103, 104, 105, 106};
  EXPECT_EQ(chain_.Write(1, bytes), 4u);
  EXPECT_EQ(memory_[30], 30);
  EXPECT_EQ(memory_[31], 101);
  EXPECT_EQ(memory_[32], 32);
  EXPECT_EQ(memory_[40], 102);
  EXPECT_EQ(memory_[42], 104);
  EXPECT_EQ(memory_[43], 43);
  EXPECT_EQ(chain_.Write(5, bytes), 0u);
}

}  // namespace
}  // namespace earshot
