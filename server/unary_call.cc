#include "server/unary_call.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// Far more than any question of the contract.
constexpr size_t kMaxRequestBytes = 64 << 10;

using Traits = grpc::SerializationTraits<google::protobuf::Message>;

}  // namespace

Refusal ParseRequest(const grpc::ByteBuffer& bytes,
                     google::protobuf::Message* request) {
  if (bytes.Length() > kMaxRequestBytes) {
    return {Reason::kMessageTooLarge, "request",
            absl::StrCat(bytes.Length(), " bytes; at most ", kMaxRequestBytes,
                         " are taken")};
  }
  grpc::ByteBuffer copy(bytes);  // of references
  if (Traits::Deserialize(&copy, request).ok()) return Refusal::None();
  return {Reason::kBadRequest, "request",
          absl::StrCat("it is no ", request->GetTypeName())};
}

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  // Only a message of more than 2 GB cannot be written.
  const grpc::Status status = Traits::Serialize(message, &bytes, &own);
  (void)status;
  return bytes;
}

}  // namespace earshot
