#ifndef EARSHOT_CLIENT_CLI_IDENTITY_TEXT_H_
#define EARSHOT_CLIENT_CLI_IDENTITY_TEXT_H_

#include <string>

#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// Whom `server` takes the caller for, and what he may do, in words.
std::string IdentityText(const v1::GetIdentityResponse& identity,
                         const std::string& server);

// Whether one of the patterns, in which one "*" stands for any text, fits.
bool FitsOne(const google::protobuf::RepeatedPtrField<std::string>& patterns,
             const std::string& name);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_IDENTITY_TEXT_H_
