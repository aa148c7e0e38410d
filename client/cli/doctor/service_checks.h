#ifndef EARSHOT_CLIENT_CLI_DOCTOR_SERVICE_CHECKS_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_SERVICE_CHECKS_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "client/cli/doctor/finding.h"
#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// What can be asked of a service over a gRPC channel. Each reports one thing,
// and blocks for some seconds at most.

// Whether gRPC connects, and what is there is an Earshot server. Whom that
// takes us for, if it answers.
std::optional<v1::GetIdentityResponse> CheckGrpc(
    const std::shared_ptr<grpc::Channel>& channel, const Report& report);

// Whether who we are may play as that VM.
void CheckIdentity(const v1::GetIdentityResponse& identity,
                   const std::string& vm, const Report& report);

// Liveness and readiness. Whether it takes new streams.
bool CheckHealth(const std::shared_ptr<grpc::Channel>& channel,
                 const Report& report);

// How long small calls take.
void CheckRoundTrip(const std::shared_ptr<grpc::Channel>& channel,
                    const Report& report);

// The stream as the server sees it; nothing if it does not say.
std::optional<v1::Stream> LookAtStream(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& name);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_SERVICE_CHECKS_H_
