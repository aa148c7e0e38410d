#include "client/connection_trouble.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// What gRPC 1.51 and OpenSSL say of a connection that did not come about.
struct Words {
  absl::string_view said;
  const char* trouble;
};
constexpr Words kWords[] = {
    {"certificate verify failed",
     "the server's certificate is not believed: none of --tls-ca (or of the "
     "system) has signed it, or it has expired"},
    {"is not in peer certificate",
     "the server's certificate is for another name: see --tls-server-name"},
    {"wrong version number", "the server does not speak TLS at this address"},
    {"handshake failed", "no TLS with the server"},
    // TLS 1.3 tells a client's certificate apart only after the handshake.
    {"Socket closed",
     "the server hangs up at once: it wants TLS, or another certificate of "
     "ours (--tls-cert)"},
};

}  // namespace

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
  const std::string said(reason.message());
  if (!absl::IsUnavailable(reason) ||
      !absl::StartsWith(said, "failed to connect")) {
    return "";
  }
  for (const Words& words : kWords) {
    if (!absl::StrContains(said, words.said)) continue;
    return absl::StrCat(words.trouble, "; earshot doctor --server=", server,
                        " with the same flags says more");
  }
  return "";
}

}  // namespace earshot
