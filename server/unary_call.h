#ifndef EARSHOT_SERVER_UNARY_CALL_H_
#define EARSHOT_SERVER_UNARY_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include "server/access/access_control.h"
#include "server/access/caller.h"
#include "server/error_status.h"
#include "server/refusal.h"

namespace earshot {

// Requests come as bytes, as gRPC's own handlers answer what they cannot parse
// with an error that has no details.

// Parses; BAD_REQUEST or MESSAGE_TOO_LARGE if that cannot be.
Refusal ParseRequest(const grpc::ByteBuffer& bytes,
                     google::protobuf::Message* request);
grpc::ByteBuffer ToBytes(const google::protobuf::Message& message);

// Answers a unary call: who asks, what he asks for, and what `handle` makes of
// that: Refusal(const Caller&, const Request&, Response*).
template <typename Request, typename Response, typename Handle>
grpc::ServerUnaryReactor* AnswerUnary(const AccessControl& access,
                                      grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer& asked,
                                      grpc::ByteBuffer* answer,
                                      const Handle& handle) {
  Caller caller;
  Request request;
  Response response;
  Refusal refusal = access.Identify(*context, &caller);
  if (refusal.ok()) refusal = ParseRequest(asked, &request);
  if (refusal.ok()) refusal = handle(caller, request, &response);
  if (refusal.ok()) *answer = ToBytes(response);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(refusal));
  return reactor;
}

}  // namespace earshot

#endif  // EARSHOT_SERVER_UNARY_CALL_H_
