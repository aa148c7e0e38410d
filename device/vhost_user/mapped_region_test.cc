#include "device/vhost_user/mapped_region.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {
namespace {

constexpr uint64_t kPages = 4096;

class MappedRegionTest : public testing::Test {
 protected:
  MappedRegionTest() : file_(memfd_create("test", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_.get(), 8 * kPages), 0);
  }

  absl::Status Map(uint64_t offset, uint64_t size) {
    return MappedRegion::Map({0x1000, size, 0x2000, offset}, file_.get())
        .status();
  }

  UniqueFd file_;
};

TEST_F(MappedRegionTest, MapsTheFileFromTheOffsetOn) {
  const uint8_t byte = 42;
  ASSERT_EQ(pwrite(file_.get(), &byte, 1, 2 * kPages + 5), 1);
  auto region =
      MappedRegion::Map({0x1000, 3 * kPages, 0x2000, 2 * kPages}, file_.get());
  ASSERT_TRUE(region.ok()) << region.status();
  file_ = UniqueFd();  // it is not needed any more
  const MappedRegion moved = *std::move(region);
  EXPECT_EQ(moved.view().guest_address, 0x1000u);
  EXPECT_EQ(moved.view().user_address, 0x2000u);
  EXPECT_EQ(moved.view().size, 3 * kPages);
  EXPECT_EQ(moved.view().host[5], 42);
}

TEST_F(MappedRegionTest, RefusesAFileThatIsTooShort) {
  EXPECT_TRUE(Map(0, 8 * kPages).ok());
  EXPECT_FALSE(Map(0, 8 * kPages + 1).ok());
  EXPECT_FALSE(Map(kPages, 8 * kPages).ok());
  EXPECT_FALSE(Map(100 * kPages, kPages).ok());
}

TEST_F(MappedRegionTest, RefusesSizesAndOffsetsThatWrap) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_FALSE(Map(0, 0).ok());
  EXPECT_FALSE(Map(0, kMax).ok());
  EXPECT_FALSE(Map(kMax - kPages + 1, kPages).ok());
  EXPECT_FALSE(Map(kMax - kPages + 1, 2 * kPages).ok());
  EXPECT_FALSE(Map(kPages, kMax - kPages + 1).ok());
}

TEST_F(MappedRegionTest, RefusesAnOffsetWithinAPage) {
  EXPECT_FALSE(Map(1, kPages).ok());
  EXPECT_FALSE(Map(kPages / 2, kPages).ok());
}

TEST_F(MappedRegionTest, RefusesWhatIsNoMemoryFile) {
  file_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  EXPECT_FALSE(Map(0, kPages).ok());
  file_ = UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(Map(0, kPages).ok());
  file_ = UniqueFd();
  EXPECT_FALSE(Map(0, kPages).ok());
}

TEST_F(MappedRegionTest, RefusesAFileThatCannotBeWritten) {
  const std::string path = "/proc/self/fd/" + std::to_string(file_.get());
  const UniqueFd read_only(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(read_only.valid());
  file_ = UniqueFd(dup(read_only.get()));
  EXPECT_FALSE(Map(0, kPages).ok());
}

}  // namespace
}  // namespace earshot::vhost_user
