#include "server/access/call_credentials.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>

#include <memory>

namespace earshot {
namespace {

std::string ToString(grpc::string_ref text) {
  return std::string(text.data(), text.size());
}

std::vector<std::string> Values(const grpc::AuthContext& context,
                                const char* name) {
  std::vector<std::string> values;
  for (const grpc::string_ref& value : context.FindPropertyValues(name)) {
    values.push_back(ToString(value));
  }
  return values;
}

}  // namespace

CallCredentials CredentialsOf(const grpc::ServerContextBase& call) {
  CallCredentials credentials;
  const auto [first, last] =
      call.client_metadata().equal_range("authorization");
  for (auto it = first; it != last; ++it) {
    credentials.authorization.push_back(ToString(it->second));
  }
  const std::shared_ptr<const grpc::AuthContext> context = call.auth_context();
  // What no authority has signed proves nothing.
  if (context == nullptr || !context->IsPeerAuthenticated()) return credentials;
  credentials.uris = Values(*context, GRPC_PEER_URI_PROPERTY_NAME);
  credentials.dns_names = Values(*context, GRPC_PEER_DNS_PROPERTY_NAME);
  return credentials;
}

const char* TransportOf(const grpc::ServerContextBase& call) {
  const std::shared_ptr<const grpc::AuthContext> context = call.auth_context();
  if (context == nullptr) return "plaintext";
  for (const std::string& type :
       Values(*context, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
    if (type == GRPC_SSL_TRANSPORT_SECURITY_TYPE ||
        type == GRPC_TLS_TRANSPORT_SECURITY_TYPE) {
      return "tls";
    }
  }
  return "plaintext";
}

}  // namespace earshot
