#include "server/unknown_methods.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/error_status.h"
#include "server/refusal.h"

namespace earshot {
namespace {

// Of the name that the client gave; it is sent back.
constexpr size_t kMaxName = 200;

class Reactor : public grpc::ServerGenericBidiReactor {
 public:
  explicit Reactor(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new Reactor(ToGrpcStatus(
      {Reason::kUnknownMethod, "",
       absl::StrCat("this server has no method ",
                    absl::CHexEscape(context->method().substr(0, kMaxName)),
                    "; `grpcurl ... list` shows its services")}));
}

}  // namespace earshot
