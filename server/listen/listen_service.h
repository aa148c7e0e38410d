#ifndef EARSHOT_SERVER_LISTEN_LISTEN_SERVICE_H_
#define EARSHOT_SERVER_LISTEN_LISTEN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "proto/earshot/v1/listen.grpc.pb.h"
#include "server/access/access_control.h"
#include "server/listen/listeners.h"

namespace earshot {

// ListenService of the contract: one ListenReactor for each call. Requests come
// as bytes (see unary_call.h), answers are bytes that all listeners share.
class ListenServiceImpl final
    : public v1::ListenService::WithRawCallbackMethod_Listen<
          v1::ListenService::Service> {
 public:
  // All arguments outlive it, and it outlives its calls.
  ListenServiceImpl(const AccessControl* access, Listeners* listeners)
      : access_(access), listeners_(listeners) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Listen(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;

 private:
  const AccessControl* const access_;
  Listeners* const listeners_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_LISTEN_SERVICE_H_
