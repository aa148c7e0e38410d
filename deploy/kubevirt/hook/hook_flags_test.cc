#include "deploy/kubevirt/hook/hook_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::StatusOr<HookFlags> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "earshot-kubevirt-hook");
  return ParseHookFlags(static_cast<int>(words.size()), words.data());
}

TEST(HookFlagsTest, NeedsNone) {
  const auto flags = Parse({});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->socket, "/var/run/kubevirt-hooks/earshot-hook.sock");
  EXPECT_EQ(flags->vm, "");
  EXPECT_FALSE(flags->fail);
  EXPECT_THAT(flags->device_arguments, IsEmpty());
}

TEST(HookFlagsTest, WhatStandsBehindTwoDashesIsTheDevices) {
  const auto flags =
      Parse({"--on-failure=fail", "--", "--server=a:1", "--help", "--"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->fail);
  EXPECT_FALSE(flags->program.help);
  EXPECT_THAT(flags->device_arguments,
              ElementsAre("--server=a:1", "--help", "--"));
}

TEST(HookFlagsTest, SaysWhatIsAllowed) {
  EXPECT_THAT(std::string(Parse({"--on-failure=no"}).status().message()),
              HasSubstr("must be boot or fail"));
  EXPECT_THAT(std::string(Parse({"--log-level=loud"}).status().message()),
              HasSubstr("debug, info"));
  EXPECT_THAT(std::string(Parse({"--socket=here"}).status().message()),
              HasSubstr("must be /FOLDER/NAME"));
  EXPECT_THAT(std::string(Parse({"--such"}).status().message()),
              HasSubstr("--such"));
  EXPECT_THAT(std::string(Parse({"word"}).status().message()),
              HasSubstr("positional"));
  const std::string deep = "--socket=/" + std::string(80, 'a') + "/s";
  EXPECT_THAT(std::string(Parse({deep.c_str()}).status().message()),
              HasSubstr("too long"));
}

TEST(HookFlagsTest, TheDevicesSocketAndVmAreNotForOthersToSay) {
  for (const char* flag : {"--vm=a", "--socket=/a", "--socket-fd=3"}) {
    EXPECT_THAT(std::string(Parse({"--", flag}).status().message()),
                HasSubstr("given by this program"))
        << flag;
  }
}

TEST(HookPathsTest, TheDevicesSocketIsInAFolderOfItsOwn) {
  // virt-launcher takes each file beside its socket for one of gRPC.
  const HookPaths paths = PathsOf("/var/run/kubevirt-hooks/earshot.sock", "");
  EXPECT_EQ(paths.device, "/var/run/kubevirt-hooks/earshot/device.sock");
  EXPECT_EQ(paths.staging, "/var/run/kubevirt-hooks/earshot/hook.sock");
  EXPECT_EQ(paths.device_for_qemu, paths.device);
}

TEST(HookPathsTest, QemuSeesASidecarsFolderBelowItsContainersName) {
  const HookPaths paths =
      PathsOf("/var/run/kubevirt-hooks/earshot.sock", "hook-sidecar-2");
  EXPECT_EQ(paths.device, "/var/run/kubevirt-hooks/earshot/device.sock");
  EXPECT_EQ(paths.device_for_qemu,
            "/var/run/kubevirt-hooks/hook-sidecar-2/earshot/device.sock");
}

}  // namespace
}  // namespace earshot
