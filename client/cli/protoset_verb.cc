#include "client/cli/protoset_verb.h"

#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include <iostream>
#include <set>
#include <string>

#include "proto/earshot/v1/admin.pb.h"
#include "proto/earshot/v1/playback.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/grpc/channelz/v1/channelz.pb.h"
#include "proto/grpc/health/v1/health.pb.h"

namespace earshot {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;

void Add(const FileDescriptor* file, std::set<std::string>& seen,
         FileDescriptorSet& set) {
  if (!seen.insert(file->name()).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) {
    Add(file->dependency(i), seen, set);
  }
  file->CopyTo(set.add_file());
}

class ProtosetVerb : public Verb {
  void AddFlags(boost::program_options::options_description&) override {}
  absl::Status Take(const std::vector<std::string>& words) override {
    return TakeNothing(words);
  }
  int Run() override {
    if (isatty(STDOUT_FILENO) != 0) {
      Complain("what protoset writes is for a file: earshot protoset > FILE");
      return kExitUsage;
    }
    if (Protoset().SerializeToOstream(&std::cout) && std::cout.flush()) {
      return kExitOk;
    }
    Complain("cannot write to standard output");
    return kExitFailure;
  }
};

}  // namespace

FileDescriptorSet Protoset() {
  FileDescriptorSet set;
  std::set<std::string> seen;
  for (const FileDescriptor* file :
       {v1::PlayRequest::descriptor()->file(),
        v1::ListStreamsRequest::descriptor()->file(),
        grpc::health::v1::HealthCheckRequest::descriptor()->file(),
        grpc::channelz::v1::GetServersRequest::descriptor()->file(),
        google::rpc::Status::descriptor()->file(),
        google::rpc::ErrorInfo::descriptor()->file()}) {
    Add(file, seen, set);
  }
  return set;
}

std::unique_ptr<Verb> MakeProtosetVerb() {
  return std::make_unique<ProtosetVerb>();
}

}  // namespace earshot
