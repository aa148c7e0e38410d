#include "server/limits/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace earshot {
namespace {

TEST(DescriptorLimitTest, RaisesTheSoftLimitToTheHardOne) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t hard = limit.rlim_max;
  limit.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const int raised = RaiseDescriptorLimit();
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, hard);
  if (hard != RLIM_INFINITY) {
    EXPECT_EQ(static_cast<rlim_t>(raised), hard);
  }
}

TEST(DescriptorLimitTest, LeavesSomeForTheRest) {
  EXPECT_EQ(DescriptorsForConnections(1024), 512);
  EXPECT_EQ(DescriptorsForConnections(20'000), 18'800);
}

}  // namespace
}  // namespace earshot
