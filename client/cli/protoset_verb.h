#ifndef EARSHOT_CLIENT_CLI_PROTOSET_VERB_H_
#define EARSHOT_CLIENT_CLI_PROTOSET_VERB_H_

#include <google/protobuf/descriptor.pb.h>

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// Writes what the services look like, for tools that cannot ask for it.
std::unique_ptr<Verb> MakeProtosetVerb();

// The .proto files of our services, of health and of error details, each after
// those that it imports.
google::protobuf::FileDescriptorSet Protoset();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PROTOSET_VERB_H_
