#include "server/listen/listen_service.h"

#include <memory>

#include "server/error_status.h"
#include "server/listen/listen_reactor.h"
#include "server/unary_call.h"

namespace earshot {

grpc::ServerWriteReactor<grpc::ByteBuffer>* ListenServiceImpl::Listen(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  Caller caller;
  v1::ListenRequest asked;
  std::unique_ptr<FeedReader> reader;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = ParseRequest(*request, &asked);
  if (refusal.ok()) {
    refusal = listeners_->Admit(caller, asked.name(), &reader);
  }
  const auto reactor = ListenReactor::Create(std::move(reader));
  if (refusal.ok()) {
    listeners_->Add(reactor);
  } else {
    reactor->End(refusal);
  }
  return reactor.get();
}

}  // namespace earshot
