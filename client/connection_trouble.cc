#include "client/connection_trouble.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace earshot {

bool IsRefusal(const absl::Status& reason) {
  return absl::IsUnauthenticated(reason) || absl::IsPermissionDenied(reason);
}

std::string TroubleOf(const absl::Status& reason, absl::string_view server) {
  if (absl::IsUnauthenticated(reason)) {
    return "the server does not know who we are: see --token-file, --tls-cert";
  }
  if (absl::IsPermissionDenied(reason)) {
    return "the server knows us, but its policy does not allow this";
  }
  if (absl::IsUnavailable(reason) &&
      absl::StrContains(
          absl::string_view(reason.message().data(), reason.message().size()),
          "handshake")) {
    return absl::StrCat(
        "no TLS with the server: one of the certificates is not believed, has "
        "expired or is for another name; earshot doctor --server=",
        server, " with the same --tls flags says which");
  }
  return "";
}

}  // namespace earshot
