#include "client/cli/protoset_verb.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(ProtosetTest, IsWholeAndInOrder) {
  const google::protobuf::FileDescriptorSet set = Protoset();
  google::protobuf::DescriptorPool pool;
  for (const auto& file : set.file()) {
    ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
  for (const char* service :
       {"earshot.v1.AdminService", "earshot.v1.PlaybackService",
        "grpc.health.v1.Health", "grpc.channelz.v1.Channelz"}) {
    EXPECT_NE(pool.FindServiceByName(service), nullptr) << service;
  }
  EXPECT_NE(pool.FindMessageTypeByName("google.rpc.ErrorInfo"), nullptr);
}

}  // namespace
}  // namespace earshot
