#include "deploy/kubevirt/hook/vm_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

using testing::StartsWith;

std::string Name(const std::string& json) {
  const auto name = VmName(json);
  return name.ok() ? *name : absl::StatusCodeToString(name.status().code());
}

std::string Named(const std::string& space, const std::string& name) {
  return Name(absl::StrCat("{\"metadata\":{\"namespace\":\"", space,
                           "\",\"name\":\"", name, "\"}}"));
}

TEST(VmNameTest, IsTheNamespaceAndTheName) {
  EXPECT_EQ(Name("{\"kind\":\"VirtualMachineInstance\",\"apiVersion\":"
                 "\"kubevirt.io/v1\",\"metadata\":{\"name\":\"desktop\","
                 "\"namespace\":\"team-a\",\"uid\":\"4f\",\"generation\":"
                 "9007199254740993,\"creationTimestamp\":null},\"spec\":"
                 "{\"domain\":{\"cpu\":{\"cores\":2}}},\"status\":{}}"),
            "team-a.desktop");
  EXPECT_EQ(Named("a", "b.c"), "a.b.c");
}

TEST(VmNameTest, ALongOneIsCutAndStaysDistinct) {
  const std::string name(62, 'n');
  EXPECT_EQ(Named("s", name.substr(1)), "s." + name.substr(1));
  const std::string cut = Named("s", name);
  EXPECT_EQ(cut.size(), 63u);
  EXPECT_THAT(cut, StartsWith("s." + std::string(44, 'n') + "-"));
  EXPECT_EQ(Named("s", name), cut);
  EXPECT_NE(Named("s", name.substr(1) + "m"), cut);
  EXPECT_EQ(Named(std::string(63, 'a'), std::string(253, 'b')).size(), 63u);
}

TEST(VmNameTest, RefusesWhatHasNoName) {
  for (const char* json :
       {"", "{", "nonsense", "[]", "7", "null", "\"text\"", "{}",
        "{\"metadata\":7}", "{\"metadata\":{}}",
        "{\"metadata\":{\"name\":\"a\"}}",
        "{\"metadata\":{\"name\":\"a\",\"namespace\":7}}",
        "{\"metadata\":{\"name\":\"a\",\"namespace\":\"\"}}",
        "{\"metadata\":{\"name\":\"a/b\",\"namespace\":\"c\"}}",
        "{\"metadata\":{\"name\":\"\xff\",\"namespace\":\"c\"}}"}) {
    EXPECT_EQ(Name(json), "INVALID_ARGUMENT") << json;
  }
}

TEST(VmNameTest, DepthIsRefused) {
  EXPECT_EQ(Name("{\"a\":" + std::string(100000, '[')), "INVALID_ARGUMENT");
  EXPECT_EQ(
      Name("{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}"),
      "INVALID_ARGUMENT");
}

}  // namespace
}  // namespace earshot
